// Package flux tells what Flux makes of a route in mid-release, by the code that its kustomize-controller applies with.
package flux

import (
	"context"
	"testing"

	kustomize "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/pkg/ssa"
	"github.com/fluxcd/pkg/ssa/jsondiff"
	"github.com/fluxcd/pkg/ssa/normalize"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"crossfade.test/gitops/shop"
)

const prefix = "kustomize.toolkit.fluxcd.io"

// flux is a Kustomization's turn: the controller calls ApplyAllStaged with these options.
type flux struct {
	cluster *shop.Cluster
	manager *ssa.ResourceManager
	options ssa.ApplyOptions
}

// withRules is Flux with the Kustomization of docs/traffic.md.
func withRules(t *testing.T, cluster *shop.Cluster) *flux {
	t.Helper()
	var said kustomize.Kustomization
	shop.FromPage(t, "Kustomization", "ignore:", &said)
	return with(cluster, said.Spec.Ignore)
}

// with does what KustomizationReconciler.apply does before it applies: that function is not for others to call.
func with(cluster *shop.Cluster, rules []kustomize.IgnoreRule) *flux {
	owner := ssa.Owner{Field: "kustomize-controller", Group: prefix}
	options := ssa.DefaultApplyOptions()
	options.ExclusionSelector = map[string]string{
		prefix + "/reconcile": kustomize.DisabledValue,
		prefix + "/ssa":       kustomize.IgnoreValue,
	}
	options.IfNotPresentSelector = map[string]string{prefix + "/ssa": kustomize.IfNotPresentValue}
	options.ForceSelector = map[string]string{prefix + "/force": kustomize.EnabledValue}
	options.Cleanup = ssa.ApplyCleanupOptions{
		Annotations: []string{"kubectl.kubernetes.io/last-applied-configuration"},
		FieldManagers: []ssa.FieldManager{
			{Name: "kubectl", OperationType: metav1.ManagedFieldsOperationApply},
			{Name: "kubectl", OperationType: metav1.ManagedFieldsOperationUpdate},
			{Name: "before-first-apply", OperationType: metav1.ManagedFieldsOperationUpdate},
			{Name: owner.Field, OperationType: metav1.ManagedFieldsOperationUpdate},
		},
		Exclusions: map[string]string{prefix + "/ssa": kustomize.MergeValue},
	}
	for _, rule := range rules {
		ignored := jsondiff.IgnoreRule{Paths: rule.Paths}
		if target := rule.Target; target != nil {
			ignored.Selector = &jsondiff.Selector{
				Group:              target.Group,
				Version:            target.Version,
				Kind:               target.Kind,
				Name:               target.Name,
				Namespace:          target.Namespace,
				AnnotationSelector: target.AnnotationSelector,
				LabelSelector:      target.LabelSelector,
			}
		}
		options.DriftIgnoreRules = append(options.DriftIgnoreRules, ignored)
	}
	return &flux{cluster, ssa.NewResourceManager(cluster.Client, nil, owner), options}
}

// turn applies what Git has, says what Flux says that it did, and gives the route as it is then.
func (f *flux) turn(t *testing.T, git *shop.Route, wanted ssa.Action) *shop.Route {
	t.Helper()
	objects := []*unstructured.Unstructured{git.DeepCopy()}
	f.manager.SetOwnerLabels(objects, "shop", "flux-system")
	shop.Must(t, normalize.UnstructuredList(objects))
	changes, err := f.manager.ApplyAllStaged(context.Background(), objects, f.options)
	shop.Must(t, err)
	if got := changes.Entries[0].Action; got != wanted {
		t.Errorf("Flux says %s, and it should be %s", got, wanted)
	}
	return f.cluster.Live(t)
}

func TestWithoutARuleFluxTakesTheWeightsBackToGit(t *testing.T) {
	cluster := shop.New(t)
	git, flux := cluster.Git(t), with(cluster, nil)
	made := flux.turn(t, git, ssa.CreatedAction)
	cluster.Split(t, 250)
	live := flux.turn(t, git, ssa.ConfiguredAction)
	if !shop.SameRules(live, made) {
		t.Errorf("the rules should be Git's: %v", shop.Rules(live))
	}
	flux.turn(t, git, ssa.UnchangedAction)
}

func TestTheRuleLetsTheRulesBe(t *testing.T) {
	cluster := shop.New(t)
	git, flux := cluster.Git(t), withRules(t, cluster)
	made := flux.turn(t, git, ssa.CreatedAction)
	if !shop.SameRules(made, cluster.InFull(t, git)) {
		t.Errorf("Flux should have made the route as it is in Git: %v", shop.Rules(made))
	}
	flux.turn(t, git, ssa.UnchangedAction)
	for _, permille := range []int{50, 500, 1000} {
		split := cluster.Split(t, permille)
		if live := flux.turn(t, git, ssa.UnchangedAction); live.GetResourceVersion() != split.GetResourceVersion() {
			t.Errorf("Flux wrote the route at %d permille: %v", permille, shop.Rules(live))
		}
	}
	ended := cluster.End(t)
	if live := flux.turn(t, git, ssa.UnchangedAction); !shop.SameRules(live, made) || !shop.SameRules(ended, made) {
		t.Errorf("after the release the rules should be what they were: %v", shop.Rules(live))
	}
}

func TestTheRuleLetsThemBeWhenAnotherFieldIsApplied(t *testing.T) {
	cluster := shop.New(t)
	git, flux := cluster.Git(t), withRules(t, cluster)
	flux.turn(t, git, ssa.CreatedAction)
	for permille, host := range map[int]string{50: "one.example", 500: "two.example"} {
		split := cluster.Split(t, permille)
		git = shop.WithHost(t, git, host)
		live := flux.turn(t, git, ssa.ConfiguredAction)
		if !shop.SameRules(live, split) || shop.Host(live) != host {
			t.Errorf("the rules should be Crossfade's, and the rest Git's: %v", live.Object["spec"])
		}
	}
}

func TestWithTheRuleGitsChangesOfTheRulesAreNotApplied(t *testing.T) {
	cluster := shop.New(t)
	git, flux := cluster.Git(t), withRules(t, cluster)
	flux.turn(t, git, ssa.CreatedAction)
	changed := shop.WithPath(t, git, "/new")
	if live := flux.turn(t, changed, ssa.UnchangedAction); shop.Path(live) != "/" {
		t.Errorf("before the first release, Git's change was applied: %v", shop.Rules(live))
	}
	cluster.Split(t, 250)
	cluster.End(t)
	if live := flux.turn(t, changed, ssa.UnchangedAction); shop.Path(live) != "/" {
		t.Errorf("after the first release, Git's change was applied: %v", shop.Rules(live))
	}
	also := shop.WithHost(t, changed, "shop.example")
	if live := flux.turn(t, also, ssa.ConfiguredAction); shop.Path(live) != "/" {
		t.Errorf("with another change, Git's change was applied: %v", shop.Rules(live))
	}
	cluster.Apply(t, also)
	if live := flux.turn(t, also, ssa.ConfiguredAction); shop.Path(live) != "/new" {
		t.Errorf("what was applied by hand should stay: %v", shop.Rules(live))
	}
	if live := with(cluster, nil).turn(t, shop.WithPath(t, also, "/newer"), ssa.ConfiguredAction); shop.Path(live) != "/newer" {
		t.Errorf("without the rule Git's change should be applied: %v", shop.Rules(live))
	}
}

func TestTheRuleIsForItsRouteOnly(t *testing.T) {
	cluster := shop.New(t)
	other := cluster.Git(t)
	other.SetName("shop-window")
	flux := withRules(t, cluster)
	objects := []*unstructured.Unstructured{cluster.Git(t), other}
	_, err := flux.manager.ApplyAllStaged(context.Background(), objects, flux.options)
	shop.Must(t, err)
	changes, err := flux.manager.ApplyAllStaged(context.Background(), []*unstructured.Unstructured{
		shop.WithPath(t, cluster.Git(t), "/new"), shop.WithPath(t, other, "/new"),
	}, flux.options)
	shop.Must(t, err)
	wanted := map[string]ssa.Action{"shop": ssa.UnchangedAction, "shop-window": ssa.ConfiguredAction}
	for _, entry := range changes.Entries {
		if entry.Action != wanted[entry.ObjMetadata.Name] {
			t.Errorf("Flux says %s of %s", entry.Action, entry.ObjMetadata.Name)
		}
	}
}

func TestIfNotPresentMakesTheRouteOnceAndLetsItBe(t *testing.T) {
	cluster := shop.New(t)
	git := &shop.Route{}
	shop.FromPage(t, "HTTPRoute", prefix+"/ssa: IfNotPresent", git)
	git.SetNamespace(cluster.Namespace)
	flux := with(cluster, nil)
	made := flux.turn(t, git, ssa.CreatedAction)
	if !shop.SameRules(made, cluster.InFull(t, git)) {
		t.Errorf("Flux should have made the route as it is in Git: %v", shop.Rules(made))
	}
	split := cluster.Split(t, 250)
	changed := shop.WithHost(t, shop.WithPath(t, git, "/new"), "shop.example")
	if live := flux.turn(t, changed, ssa.SkippedAction); live.GetResourceVersion() != split.GetResourceVersion() {
		t.Errorf("Flux wrote the route: %v", live.Object["spec"])
	}
}
