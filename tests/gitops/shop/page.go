package shop

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

var (
	_, here, _, _ = runtime.Caller(0)
	root          = filepath.Join(filepath.Dir(here), "..", "..", "..")
	page          = filepath.Join(root, "docs", "traffic.md")
	section       = regexp.MustCompile(`(?s)\n## GitOps.*?\n## `)
	block         = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```")
)

// FromPage reads the only manifest of this kind with this text from the part about Git of docs/traffic.md.
// A field that the kind does not have is an error.
func FromPage(t *testing.T, kind, with string, into any) {
	t.Helper()
	text, err := os.ReadFile(page)
	Must(t, err)
	var found []string
	for _, each := range block.FindAllStringSubmatch(section.FindString(string(text)), -1) {
		var said struct{ Kind string }
		Must(t, yaml.Unmarshal([]byte(each[1]), &said))
		if said.Kind == kind && strings.Contains(each[1], with) {
			found = append(found, each[1])
		}
	}
	if len(found) != 1 {
		t.Fatalf("docs/traffic.md, GitOps: %d manifests of kind %s have %q, and there must be one", len(found), kind, with)
	}
	Must(t, yaml.UnmarshalStrict([]byte(found[0]), into))
}

// Must ends the test where something went wrong that it is not about.
func Must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Kind is the route's.
var Kind = schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "HTTPRoute"}
