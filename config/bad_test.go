package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the .want files anew; a person reads the difference")

// TestBadFiles holds that each mistake is told as the .want file beside it
// says, with its place, what to do, and the drawn line. (users ask for this:
// telegraf #5494, #12000, zigbee2mqtt #6840, Home Assistant #55733)
func TestBadFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.toml")
	if err != nil || len(files) < 40 {
		t.Fatalf("got %d files (%v), want at least 40", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".toml"), func(t *testing.T) {
			t.Parallel()
			golden := strings.TrimSuffix(file, ".toml") + ".want"
			got := Check(file, Env{Profiles: shelf{}}).String()
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
			if got == "" || strings.Contains(got, "geheim-4711") {
				t.Errorf("%s: nothing found, or the secret told:\n%s", file, got)
			}
			for _, word := range []string{"int64", "float64", "config.", " struct", "%!"} {
				if strings.Contains(got, word) {
					t.Errorf("%s: a message has the programmer's word %q:\n%s", file, word, got)
				}
			}
		})
	}
}
