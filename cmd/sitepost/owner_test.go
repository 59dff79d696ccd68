package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRootLeavesTheStore: root neither runs a site nor takes its retirement back where
// the store is another user's, and is told as whom to do it; nothing is made there.
func TestRootLeavesTheStore(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to give a folder away")
	}
	t.Parallel()
	dir := t.TempDir()
	site, kept := filepath.Join(dir, "site.toml"), filepath.Join(dir, "store")
	text := "version = 1\n[site]\nname = \"demo\"\n[page]\nlisten = \"off\"\n[store]\ndirectory = \"" + kept + "\"\n"
	if err := os.WriteFile(site, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(kept, 0o700); err != nil {
		t.Fatal(err)
	}
	const nobody = 65534
	if err := os.Chown(kept, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"belongs to user nobody, who could not open what root writes there: run it as that user, with `sudo -u nobody sitepost …`", []string{"run"}},
		{"属于用户 nobody，root 在里面写的文件该用户打不开", []string{"run", "--lang", "zh"}},
		{"`sudo -u nobody sitepost …`", []string{"retire", "--undo"}},
	} {
		var out strings.Builder
		code := run(append(c.args, "--config", site, "--control", filepath.Join(dir, "box.sock")), &out, &out)
		if code != exitUsage || !strings.Contains(out.String(), c.want) {
			t.Errorf("%q: got exit code %d, %q, want %q", c.args, code, out.String(), c.want)
		}
	}
	if left, err := os.ReadDir(kept); err != nil || len(left) > 0 {
		t.Errorf("in the store lie %v, %v", left, err)
	}
}
