// Package shop is the route that both tools are tried with: as Git has it, and as Crossfade leaves it in mid-release.
package shop

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// Route is an HTTPRoute.
type Route = unstructured.Unstructured

// Cluster is a namespace of its own on the kind cluster.
type Cluster struct {
	Config    *rest.Config
	Client    client.Client
	Namespace string
	memo      json.RawMessage
}

// New makes the namespace, and removes it when the test has ended.
func New(t *testing.T) *Cluster {
	t.Helper()
	log.SetLogger(logr.Discard())
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	Must(t, err)
	made, err := client.New(config, client.Options{})
	Must(t, err)
	namespace := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"generateName": "gitops-try-"},
	}}
	Must(t, made.Create(context.Background(), namespace))
	t.Cleanup(func() {
		if err := made.Delete(context.Background(), namespace); err != nil {
			t.Error(err)
		}
	})
	return &Cluster{Config: config, Client: made, Namespace: namespace.GetName()}
}

// Here is what a list of the namespace's objects asks for.
func (c *Cluster) Here() client.ListOption { return client.InNamespace(c.Namespace) }

// Git gives the route of docs/traffic.md, without what it says to Flux.
func (c *Cluster) Git(t *testing.T) *Route {
	t.Helper()
	route := &Route{}
	FromPage(t, "HTTPRoute", "IfNotPresent", route)
	route.SetAnnotations(nil)
	route.SetNamespace(c.Namespace)
	return route
}

// InFull gives a route with every default of its kind written out, as the API server would store it.
func (c *Cluster) InFull(t *testing.T, route *Route) *Route {
	t.Helper()
	asked := route.DeepCopy()
	asked.SetName("as-it-would-be-stored")
	Must(t, c.Client.Create(context.Background(), asked, client.DryRunAll))
	full := route.DeepCopy()
	full.Object["spec"] = asked.Object["spec"]
	return full
}

// Live gives the route as it is.
func (c *Cluster) Live(t *testing.T) *Route {
	t.Helper()
	route := &Route{}
	route.SetGroupVersionKind(Kind)
	Must(t, c.Client.Get(context.Background(), client.ObjectKey{Namespace: c.Namespace, Name: "shop"}, route))
	return route
}

// Split writes what Crossfade writes in the middle of a release, as it writes it.
func (c *Cluster) Split(t *testing.T, permille int) *Route {
	t.Helper()
	c.write(t, &permille)
	live := c.Live(t)
	if !IsSplit(live) || Writer(live) != "crossfade Update" {
		t.Fatalf("the route should be split by crossfade now: %v, written by %s", Rules(live), Writer(live))
	}
	return live
}

// End writes what Crossfade writes at the end of a release.
func (c *Cluster) End(t *testing.T) *Route {
	t.Helper()
	c.write(t, nil)
	return c.Live(t)
}

func (c *Cluster) write(t *testing.T, permille *int) {
	t.Helper()
	live := c.Live(t)
	asked, err := json.Marshal(map[string]any{"route": live.Object, "before": c.memo, "permille": permille})
	Must(t, err)
	command := exec.Command(python(), filepath.Join(root, "tests", "gitops", "split.py"))
	command.Env = append(os.Environ(), "PYTHONPATH="+filepath.Join(root, "operator"))
	command.Stdin, command.Stderr = bytes.NewReader(asked), os.Stderr
	said, err := command.Output()
	Must(t, err)
	var answer struct{ Patch, Before json.RawMessage }
	Must(t, json.Unmarshal(said, &answer))
	c.memo = answer.Before
	patch := client.RawPatch(types.JSONPatchType, answer.Patch)
	Must(t, c.Client.Patch(context.Background(), live, patch, client.FieldOwner("crossfade")))
}

func python() string {
	if said := os.Getenv("CROSSFADE_PYTHON"); said != "" {
		return said
	}
	return filepath.Join(root, ".venv", "bin", "python")
}

// Apply applies a route as a person does, server-side, and takes what others own.
func (c *Cluster) Apply(t *testing.T, route *Route) {
	t.Helper()
	said := client.ApplyConfigurationFromUnstructured(route.DeepCopy())
	Must(t, c.Client.Apply(context.Background(), said, client.FieldOwner("kubectl"), client.ForceOwnership))
}

// WithHost gives a copy of the route for this host name only.
func WithHost(t *testing.T, route *Route, host string) *Route {
	t.Helper()
	changed := route.DeepCopy()
	Must(t, unstructured.SetNestedStringSlice(changed.Object, []string{host}, "spec", "hostnames"))
	return changed
}

// Host gives the only host name that the route is for, "" where there is none or are several.
func Host(route *Route) string {
	hosts, _, _ := unstructured.NestedStringSlice(route.Object, "spec", "hostnames")
	if len(hosts) != 1 {
		return ""
	}
	return hosts[0]
}

// WithPath gives a copy of the route whose only rule is for requests with this path.
func WithPath(t *testing.T, route *Route, path string) *Route {
	t.Helper()
	changed := route.DeepCopy()
	rules := Rules(changed)
	rules[0].(map[string]any)["matches"] = []any{
		map[string]any{"path": map[string]any{"type": "PathPrefix", "value": path}},
	}
	Must(t, unstructured.SetNestedSlice(changed.Object, rules, "spec", "rules"))
	return changed
}

// Path gives the path that the route's only rule is for.
func Path(route *Route) string {
	matches, _, _ := unstructured.NestedSlice(Rules(route)[0].(map[string]any), "matches")
	path, _, _ := unstructured.NestedString(matches[0].(map[string]any), "path", "value")
	return path
}

// Rules gives the route's rules.
func Rules(route *Route) []any {
	rules, _, _ := unstructured.NestedSlice(route.Object, "spec", "rules")
	return rules
}

// SameRules says whether two routes have the same rules.
func SameRules(one, other *Route) bool {
	return reflect.DeepEqual(Rules(one), Rules(other))
}

// IsSplit says whether the new version gets requests by the route.
func IsSplit(route *Route) bool {
	text, _ := json.Marshal(Rules(route))
	return strings.Contains(string(text), `"name":"shop-canary"`)
}

// Writer names who owns the route's rules, and how he wrote them: "crossfade Update".
func Writer(route *Route) string {
	var writers []string
	for _, entry := range route.GetManagedFields() {
		var owned struct {
			Spec map[string]any `json:"f:spec"`
		}
		if entry.Subresource == "" && entry.FieldsV1 != nil && json.Unmarshal(entry.FieldsV1.GetRawBytes(), &owned) == nil {
			if _, found := owned.Spec["f:rules"]; found {
				writers = append(writers, entry.Manager+" "+string(entry.Operation))
			}
		}
	}
	return strings.Join(writers, ", ")
}
