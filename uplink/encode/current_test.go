package encode

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/ingest/store"
)

// TestCurrent: a retained document leaves with its own members behind
// schema, epoch and revision, and with its times as the lanes write them; none leaves as the empty payload; what cannot be
// said is an error.
func TestCurrent(t *testing.T) {
	t.Parallel()
	const head = `{"schema":"urn:sitepost:1.0","epoch":"7f3a9c51d20b44e6","revision":7`
	long := `{"x":"` + strings.Repeat("a", MaxPayload) + `"}`
	for _, c := range []struct{ key, doc, want, wrong string }{
		{"open", ` { "open" : [ ] } `, head + `,"open":[]}`, ""},
		{"device/gas-1", `{"state":"online","why":"<ok>"}`, head + `,"state":"online","why":"<ok>"}`, ""},
		{"device/gas-1", `{"state":"silent", "since": "2026-11-21T14:40:00.123987Z"}`, head + `,"state":"silent","since":"2026-11-21T22:40:00.123+08:00"}`, ""},
		{"device/gas-1", `{"since":"yesterday","why":"\"since\":\"2026-11-21T14:40:00Z\""}`, head + `,"since":"yesterday","why":"\"since\":\"2026-11-21T14:40:00Z\""}`, ""},
		{"open", `{"open":[{"incident":"a","since":"2026-11-21T14:40:00Z"}]}`, head + `,"open":[{"incident":"a","since":"2026-11-21T22:40:00.000+08:00"}]}`, ""},
		{"device/gas-1", `{}`, head + `}`, ""},
		{"device/gas-1", "", "", ""},
		{"open", long, head + "," + long[1:], ""},
		{"device/gas-1", `null`, "", "the document is null, not an object"},
		{"device/gas-1", `[1]`, "", "json: cannot unmarshal array"},
		{"device/gas-1", `{"state"`, "", "unexpected end of JSON input"},
		{"device/gas-1", `{"revision":8}`, "", `the document has a "revision" of its own`},
		{"inventory", long, "", "bytes are more than 65536"},
	} {
		current := store.Current{Key: c.key, Revision: 7}
		if c.doc != "" {
			current.Doc = json.RawMessage(c.doc)
		}
		m, err := Current("7f3a9c51d20b44e6", current)
		if c.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), c.wrong) || !strings.HasPrefix(err.Error(), `encode retained "`+c.key+`": `) {
				t.Errorf("%s %.40s: got %v, want %s", c.key, c.doc, err, c.wrong)
			}
			continue
		}
		if diff := cmp.Diff(c.want, string(m)); diff != "" || err != nil {
			t.Errorf("%s %.40s: %v (-want +got)\n%.400s", c.key, c.doc, err, diff)
		}
	}
}
