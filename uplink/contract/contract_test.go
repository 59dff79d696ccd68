package contract_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
)

var update = flag.Bool("update", false, "write codes.json and golden/ anew")

// A word is one row of codes.json.
type word struct {
	Code     devices.Code     `json:"code"`
	Form     devices.Form     `json:"form"`
	Lane     devices.Lane     `json:"lane"`
	Severity devices.Severity `json:"severity"`
	Method   int              `json:"method,omitempty"`
	Type     int              `json:"type,omitempty"`
	English  string           `json:"english"`
	Chinese  string           `json:"chinese"`
}

// TestCodes: codes.json is the dictionary in code, word for word, and nothing
// that was published is renamed or changes its form, also not with -update.
func TestCodes(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("[\n")
	now := map[devices.Code]word{}
	for i, m := range devices.Codes() {
		w := word{m.Code, m.Form, m.Form.Lane(), m.Severity, m.Method, m.Type, m.English, m.Chinese}
		now[m.Code] = w
		if i > 0 {
			b.WriteString(",\n")
		}
		b.WriteString("  ")
		b.Write(oneLine(t, w))
	}
	b.WriteString("\n]\n")

	published, err := os.ReadFile("codes.json")
	if err != nil {
		t.Fatal(err)
	}
	var was []word
	if err := json.Unmarshal(published, &was); err != nil {
		t.Fatal(err)
	}
	for _, w := range was {
		if now[w.Code].Form != w.Form {
			t.Errorf("%q was published as %s and is %q now: add a code, keep this one", w.Code, w.Form, now[w.Code].Form)
		}
	}
	if *update && !t.Failed() {
		if err := os.WriteFile("codes.json", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(b.String(), string(published)); diff != "" {
		t.Errorf("codes.json is not the dictionary: run go generate ./uplink/contract (-want +got)\n%s", diff)
	}
}

// oneLine writes v as JSON with Chinese and "<" as they are.
func oneLine(t testing.TB, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(b.Bytes())
}
