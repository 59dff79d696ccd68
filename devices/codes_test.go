package devices

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestDictionary holds what the rest of the house relies on: every code is said
// once, has words in both languages, and a GB/T 28181 method only where the
// standard has one.
func TestDictionary(t *testing.T) {
	shape := regexp.MustCompile(`^[a-z_]+(\.[a-z0-9_]+)+$`)
	seen := map[Code]bool{}
	for _, m := range Codes() {
		switch {
		case seen[m.Code]:
			t.Errorf("%q stands twice", m.Code)
		case !shape.MatchString(string(m.Code)):
			t.Errorf("%q is not a dotted lower-case word", m.Code)
		case m.English == "" || m.Chinese == "":
			t.Errorf("%q has no words", m.Code)
		case m.Method != 0 && m.Method != 2 && m.Method != 5 && m.Method != 6:
			t.Errorf("%q has method %d: platforms drop all but 2, 5 and 6", m.Code, m.Method)
		case m.Severity == Info && m.Method != 0:
			t.Errorf("%q is info and would be an alarm without a priority", m.Code)
		}
		seen[m.Code] = true
	}
}

// TestDictionaryIsTheContract compares the list in code with the one the
// platform reads, uplink/contract/codes.json, where every earlier code stands:
// nothing may be renamed or change its form.
func TestDictionaryIsTheContract(t *testing.T) {
	raw, err := os.ReadFile("../uplink/contract/codes.json")
	if err != nil {
		t.Fatal(err)
	}
	var published []struct {
		Code     Code
		Form     Form
		Lane     Lane
		Severity Severity
	}
	if err := json.Unmarshal(raw, &published); err != nil {
		t.Fatal(err)
	}
	if len(published) != len(dictionary) {
		t.Errorf("got %d published codes, want %d: run go generate ./uplink/contract", len(published), len(dictionary))
	}
	for _, p := range published {
		m, ok := p.Code.Meaning()
		if !ok {
			t.Errorf("%q was published and is gone", p.Code)
			continue
		}
		if m.Form != p.Form || m.Form.Lane() != p.Lane || m.Severity != p.Severity {
			t.Errorf("%q: got %s %s %s, published %s %s %s", p.Code, m.Form, m.Form.Lane(), m.Severity, p.Form, p.Lane, p.Severity)
		}
	}
}

// TestSecretIsNeverPrinted tries every way a password usually escapes.
func TestSecretIsNeverPrinted(t *testing.T) {
	const canary = "geheim-4711"
	c := Card{Number: canary}
	asJSON, err := json.Marshal(struct {
		C Card
		S Secret
	}{c, canary})
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{
		fmt.Sprint(c), fmt.Sprintf("%v %+v %#v %s %q %x", c, c, c, c.Number, c.Number, c.Number), string(asJSON), c.Number.String(),
	} {
		if strings.Contains(printed, canary) || strings.Contains(printed, fmt.Sprintf("%x", canary)) {
			t.Errorf("got %q, which tells the secret", printed)
		}
	}
	if c.Number.Reveal() != canary {
		t.Errorf("got %q from Reveal, want the secret itself", c.Number.Reveal())
	}
}
