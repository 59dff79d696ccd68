package contract_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"sitepost/uplink/contract"
)

// topics is the table of the wire contract: the address, and whether the broker
// keeps the last message.
var topics = []struct {
	address  string
	retained bool
}{
	{"sitepost/1/{site}/up/alarm/{device}", false},
	{"sitepost/1/{site}/up/event/{device}", false},
	{"sitepost/1/{site}/up/reading/{device}", false},
	{"sitepost/1/{site}/up/device/{device}", true},
	{"sitepost/1/{site}/up/stream/{camera}", true},
	{"sitepost/1/{site}/up/open", true},
	{"sitepost/1/{site}/up/inventory", true},
	{"sitepost/1/{site}/up/inventory/{device}", true},
	{"sitepost/1/{site}/up/state", true},
	{"sitepost/1/{site}/up/canary", false},
	{"sitepost/1/{site}/up/report/{kind}", false},
	{"sitepost/1/{site}/up/snapshot/{camera}/{incident}", false},
	{"sitepost/1/{site}/up/reply/{id}", false},
	{"sitepost/1/{site}/down/ack", false},
	{"sitepost/1/{site}/down/command/{name}", false},
}

// asyncapi reads the document as a tree and as what the tests look at.
func asyncapi(t *testing.T) (tree any, doc document) {
	t.Helper()
	raw, err := fs.ReadFile(contract.Files(), "asyncapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	return tree, doc
}

type ref struct {
	Ref string `yaml:"$ref"`
}

type document struct {
	AsyncAPI string
	Channels map[string]struct {
		Address    string
		Parameters map[string]ref
		Messages   map[string]ref
	}
	Operations map[string]struct {
		Action   string
		Channel  ref
		Bindings ref
	}
	Components struct {
		Messages map[string]struct {
			Examples []struct {
				Name    string // the topic
				Summary string
				Payload any
			}
		}
	}
}

// TestChannels: every topic of the contract is a channel, with all its names
// as parameters, and somebody sends or receives on it with the right retain
// flag; there is no other channel.
func TestChannels(t *testing.T) {
	t.Parallel()
	_, doc := asyncapi(t)
	if doc.AsyncAPI != "3.0.0" {
		t.Errorf("got AsyncAPI %q, want 3.0.0", doc.AsyncAPI)
	}
	retained := map[string]bool{}
	for name, c := range doc.Channels {
		var params []string
		for p := range c.Parameters {
			params = append(params, "{"+p+"}")
		}
		want := regexp.MustCompile(`{\w+}`).FindAllString(c.Address, -1)
		slices.Sort(params)
		slices.Sort(want)
		if diff := cmp.Diff(want, params); diff != "" {
			t.Errorf("channel %q: parameters (-want +got)\n%s", name, diff)
		}
		for _, o := range doc.Operations {
			if o.Channel.Ref != "#/channels/"+name {
				continue
			}
			retained[c.Address] = o.Bindings.Ref == "#/components/operationBindings/kept"
			if down := strings.Contains(c.Address, "/down/"); down && o.Action != "receive" {
				t.Errorf("channel %q: the box %ss below down/", name, o.Action)
			}
		}
	}
	want := map[string]bool{}
	for _, topic := range topics {
		want[topic.address] = topic.retained
	}
	if diff := cmp.Diff(want, retained); diff != "" {
		t.Errorf("address → retained (-want +got)\n%s", diff)
	}
}

// TestRefs: every $ref of the AsyncAPI document and of the schemas leads to
// something that exists.
func TestRefs(t *testing.T) {
	t.Parallel()
	trees := map[string]any{}
	trees["asyncapi.yaml"], _ = asyncapi(t)
	names, err := fs.Glob(contract.Files(), "schemas/*.json")
	if err != nil || len(names) < 10 {
		t.Fatalf("got %d schemas, %v", len(names), err)
	}
	for _, name := range names {
		raw, err := fs.ReadFile(contract.Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		var tree any
		if err := json.Unmarshal(raw, &tree); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		trees[name] = tree
	}
	for name, tree := range trees {
		for _, r := range refsIn(tree) {
			file, pointer, _ := strings.Cut(r, "#")
			if file = path.Join(path.Dir(name), file); strings.HasPrefix(r, "#") {
				file = name
			}
			if !leads(trees[file], pointer) {
				t.Errorf("%s: $ref %q leads nowhere", name, r)
			}
		}
	}
}

func refsIn(tree any) []string {
	var found []string
	switch tree := tree.(type) {
	case map[string]any:
		for key, v := range tree {
			if s, ok := v.(string); ok && key == "$ref" {
				found = append(found, s)
			}
			found = append(found, refsIn(v)...)
		}
	case []any:
		for _, v := range tree {
			found = append(found, refsIn(v)...)
		}
	}
	return found
}

func leads(tree any, pointer string) bool {
	for _, step := range strings.Split(pointer, "/")[1:] {
		object, ok := tree.(map[string]any)
		if !ok {
			return false
		}
		tree = object[step]
	}
	return tree != nil
}

// TestExamples: every example of the AsyncAPI document is a message that could
// be sent, and every message that has a schema has one, but for reports.
func TestExamples(t *testing.T) {
	t.Parallel()
	_, doc := asyncapi(t)
	kept := []string{"device", "stream", "open", "inventory", "state"}
	for name, m := range doc.Components.Messages {
		if len(m.Examples) == 0 && name != "report" && name != "snapshot" {
			t.Errorf("message %q has no example", name)
		}
		for _, e := range m.Examples {
			payload, err := json.Marshal(e.Payload)
			if err != nil {
				t.Fatal(err)
			}
			if err := contract.Validate(e.Name, slices.Contains(kept, name), payload); err != nil {
				t.Errorf("%s, %q: %v", name, e.Summary, err)
			}
		}
	}
}

// TestReadmeNamesWhatExists: what the README points at is there.
func TestReadmeNamesWhatExists(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"asyncapi.yaml", "schemas/", "codes.json", "golden/"} {
		if _, err := fs.Stat(contract.Files(), strings.TrimSuffix(name, "/")); err != nil || !strings.Contains(string(readme), "`"+name+"`") {
			t.Errorf("%s: %v, or the README does not name it", name, err)
		}
	}
}
