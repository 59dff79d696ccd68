package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sitepost/uplink/uplinktest"
)

// TestFollow: who follows sees what there is, and is told when the daemon has gone.
func TestFollow(t *testing.T) {
	dir := t.TempDir()
	site, socket := filepath.Join(dir, "site.toml"), filepath.Join(dir, "control.sock")
	if err := os.WriteFile(site, []byte("version = 1\n[site]\nname = \"demo\"\n[store]\ndirectory = \""+dir+"/store\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stop := runSite(t, site, socket, uplinktest.New())
	await(t, "it runs", func() bool { return run([]string{"status", "--control", socket}, new(sheet), new(sheet)) != exitUsage })
	out, errs, ended := new(sheet), new(sheet), make(chan int, 1)
	go func() { ended <- run([]string{"events", "--follow", "--json", "--control", socket}, out, errs) }()
	await(t, "the start of the box is shown", func() bool { return strings.Contains(out.String(), `"type":"box.started"`) })
	stop()
	if code := <-ended; code != exitUsage || errs.String() != "sitepost: the running sitepost has hung up\n" {
		t.Errorf("got exit code %d, %q", code, errs)
	}
}
