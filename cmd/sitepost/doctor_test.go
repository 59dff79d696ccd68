package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/causes"
	"sitepost/cmd/sitepost/doctor"
	"sitepost/cmd/sitepost/words"
	"sitepost/uplink/uplinktest"
)

// TestDoctorBesideDaemon: beside a running sitepost the doctor takes what it knows and
// logs in nowhere; the city's way out is named.
func TestDoctorBesideDaemon(t *testing.T) {
	dir := t.TempDir()
	site, socket := filepath.Join(dir, "site.toml"), filepath.Join(dir, "control.sock")
	text := "version = 1\n[site]\nname = \"demo\"\n[store]\ndirectory = \"" + dir + "/store\"\n"
	if err := os.WriteFile(site, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	broker := uplinktest.New()
	stop := runSite(t, site, socket, broker)
	defer stop()
	report := func() (r doctor.Report) {
		var out bytes.Buffer
		run([]string{"doctor", "--json", "--config", site, "--control", socket}, &out, t.Output())
		rows := json.NewDecoder(&out)
		rows.DisallowUnknownFields()
		if err := rows.Decode(&r); err != nil {
			t.Error(err)
		}
		return r
	}
	codes := func(r doctor.Report) (all []string) {
		for _, row := range r.Rows {
			if row.Area == "city" && row.State != doctor.Good {
				all = append(all, row.Code)
			}
		}
		return all
	}
	await(t, "the city is there", func() bool { return codes(report()) == nil })
	broker.Away(uplinktest.ErrAway)
	await(t, "the city is away", func() bool { return cmp.Equal(codes(report()), []string{"city.away"}) })
	if err := os.WriteFile(site, []byte(text+"[commands]\nallow = [\"resend\"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	found := ""
	for _, row := range report().Rows {
		if row.Area == "config" {
			found += row.Code + " "
		}
	}
	if found != "config.differs " {
		t.Errorf("a file that was changed: got %q, want config.differs", found)
	}
}

// literal finds what the doctor may say: a text, a next step, a code.
var literal = regexp.MustCompile(`(Text|Next|Code): +(?:fmt\.Sprintf\(|e\.orAsk\()?("(?:[^"\\]|\\.)*")`)

// TestDoctorSpeaks: each text of the doctor can be said in Chinese, and each of its codes is
// explained.
func TestDoctorSpeaks(t *testing.T) {
	files, err := filepath.Glob("doctor/*.go")
	if err != nil {
		t.Fatal(err)
	}
	zh, seen := words.In(words.Chinese), 0
	sample := strings.NewReplacer("%%", "%", "%s", "x7", "%d", "7", "%q", `"x7"`, "%.3f", "7.000", "%+.3f", "+7.000", "%v", "x7", "%.12s", "x7")
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range literal.FindAllSubmatch(text, -1) {
			said, err := strconv.Unquote(string(found[2]))
			if err != nil {
				t.Fatal(err)
			}
			seen++
			if string(found[1]) == "Code" {
				if _, known := causes.Of(said); !known && said != "broker." {
					t.Errorf("%s: code %q is not explained", file, said)
				}
				continue
			}
			if english := sample.Replace(said); zh.Translate(english) == english && letters(said) > 3 {
				t.Errorf("%s: nobody says in Chinese %q", file, said)
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d texts were found", seen)
	}
}

func letters(text string) (n int) {
	for _, r := range text {
		if r >= 'a' && r <= 'z' {
			n++
		}
	}
	return n
}
