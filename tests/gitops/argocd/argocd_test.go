// Package argocd tells what Argo CD makes of a route in mid-release, by the code of its application controller.
package argocd

import (
	"testing"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"

	"crossfade.test/gitops/shop"
)

const (
	synced    = v1alpha1.SyncStatusCodeSynced
	outOfSync = v1alpha1.SyncStatusCodeOutOfSync
)

// How Argo CD compares and applies, and whether Git has the defaults of a route written out.
var ways = map[string]struct {
	inFull     bool
	annotation string
	option     string
}{
	"client-side":            {},
	"client-side, in full":   {inFull: true},
	"compared by the server": {annotation: "ServerSideDiff=true"},
	"server-side":            {option: "ServerSideApply=true"},
	"server-side, in full":   {inFull: true, option: "ServerSideApply=true"},
}

// inEveryWay runs a test with the Application of docs/traffic.md that has this text; "": with one that has no rule.
func inEveryWay(t *testing.T, with string, test func(*testing.T, *argoCD, *shop.Route)) {
	t.Helper()
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			cluster := shop.New(t)
			git := cluster.Git(t)
			if way.inFull {
				git = cluster.InFull(t, git)
			}
			argo := of(t, cluster, with)
			if way.annotation != "" {
				argo.app.Annotations = map[string]string{"argocd.argoproj.io/compare-options": way.annotation}
			}
			if way.option != "" {
				argo.allow(way.option)
			}
			argo.sync(t, git)
			argo.mustSay(t, synced, git)
			test(t, argo, git)
		})
	}
}

func of(t *testing.T, cluster *shop.Cluster, text string) *argoCD {
	t.Helper()
	app := &v1alpha1.Application{}
	if text == "" {
		app.Name, app.Namespace = "shop", home
	} else {
		shop.FromPage(t, "Application", text, app)
	}
	return with(t, cluster, app)
}

func (a *argoCD) allow(option string) {
	if a.app.Spec.SyncPolicy == nil {
		a.app.Spec.SyncPolicy = &v1alpha1.SyncPolicy{}
	}
	a.app.Spec.SyncPolicy.SyncOptions = append(a.app.Spec.SyncPolicy.SyncOptions, option)
}

func TestWithoutARuleWeightsAreOutOfSync(t *testing.T) {
	inEveryWay(t, "", func(t *testing.T, argo *argoCD, git *shop.Route) {
		before := argo.cluster.Live(t)
		argo.cluster.Split(t, 250)
		argo.mustSay(t, outOfSync, git)
		if live := argo.sync(t, git); !shop.SameRules(live, before) {
			t.Errorf("a sync should write Git's rules: %v", shop.Rules(live))
		}
		argo.mustSay(t, synced, git)
		argo.cluster.Split(t, 250)
		argo.cluster.End(t)
		argo.mustSay(t, synced, git)
	})
}

func TestTheRuleByPathHidesWeightsAndNothingElse(t *testing.T) {
	inEveryWay(t, "jqPathExpressions", func(t *testing.T, argo *argoCD, git *shop.Route) {
		argo.cluster.Split(t, 250)
		argo.mustSay(t, synced, git)
		argo.cluster.Split(t, 1000)
		argo.mustSay(t, synced, git)
		argo.mustSay(t, outOfSync, shop.WithPath(t, git, "/new"))
		argo.mustSay(t, outOfSync, shop.WithHost(t, git, "shop.example"))
	})
}

func TestWithTheRuleByPathASyncWritesTheWholeRoute(t *testing.T) {
	inEveryWay(t, "jqPathExpressions", func(t *testing.T, argo *argoCD, git *shop.Route) {
		argo.cluster.Split(t, 250)
		changed := shop.WithPath(t, git, "/new")
		if live := argo.sync(t, changed); shop.IsSplit(live) || shop.Path(live) != "/new" {
			t.Errorf("a sync should write Git's rules: %v", shop.Rules(live))
		}
		argo.cluster.Split(t, 250)
		argo.mustSay(t, synced, changed)
		also := shop.WithHost(t, changed, "shop.example")
		if live := argo.sync(t, also); shop.IsSplit(live) {
			t.Errorf("a sync for another reason should write the whole route: %v", shop.Rules(live))
		}
	})
}

func TestTheRuleByPathWithRespectKeepsGitsChangesOutForEver(t *testing.T) {
	inEveryWay(t, "jqPathExpressions", func(t *testing.T, argo *argoCD, git *shop.Route) {
		argo.allow("RespectIgnoreDifferences=true")
		split := argo.cluster.Split(t, 250)
		changed := shop.WithPath(t, git, "/new")
		argo.mustSay(t, outOfSync, changed)
		if live := argo.sync(t, changed); !shop.SameRules(live, split) {
			t.Errorf("a sync should keep all rules as they are: %v", shop.Rules(live))
		}
		argo.mustSay(t, outOfSync, changed)
	})
}

func TestTheRuleByManagerKeepsWhatCrossfadeWrote(t *testing.T) {
	inEveryWay(t, "managedFieldsManagers", func(t *testing.T, argo *argoCD, git *shop.Route) {
		for _, permille := range []int{50, 500} {
			split := argo.cluster.Split(t, permille)
			argo.mustSay(t, synced, git)
			if live := argo.sync(t, git); !shop.SameRules(live, split) {
				t.Errorf("a sync should keep Crossfade's rules: %v", shop.Rules(live))
			}
			argo.mustSay(t, synced, git)
			changed := shop.WithHost(t, git, "shop.example")
			argo.mustSay(t, outOfSync, changed)
			if live := argo.sync(t, changed); !shop.SameRules(live, split) || shop.Host(live) != "shop.example" {
				t.Errorf("a sync should keep Crossfade's rules and write the rest: %v", live.Object["spec"])
			}
			argo.mustSay(t, synced, changed)
			argo.sync(t, git)
			argo.mustSay(t, synced, git)
		}
	})
}

func TestTheRuleByManagerIsOnlyForARouteThatHasHadARelease(t *testing.T) {
	inEveryWay(t, "managedFieldsManagers", func(t *testing.T, argo *argoCD, git *shop.Route) {
		changed := shop.WithPath(t, git, "/first")
		argo.mustSay(t, outOfSync, changed)
		if live := argo.sync(t, changed); shop.Path(live) != "/first" {
			t.Errorf("before the first release Git's change should be applied: %v", shop.Rules(live))
		}
		argo.cluster.Split(t, 250)
		argo.cluster.End(t)
		newer := shop.WithPath(t, git, "/newer")
		argo.mustSay(t, synced, newer)
		if live := argo.sync(t, newer); shop.Path(live) != "/first" {
			t.Errorf("after it Git's change should not be applied: %v", shop.Rules(live))
		}
		argo.cluster.Apply(t, newer)
		argo.mustSay(t, synced, newer)
		newest := shop.WithPath(t, git, "/newest")
		argo.mustSay(t, outOfSync, newest)
		if live := argo.sync(t, newest); shop.Path(live) != "/newest" {
			t.Errorf("after somebody applied the route, Git's change should be applied: %v", shop.Rules(live))
		}
	})
}
