package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestStoreDirectory: a file with mistakes still says where its store is, if a person
// could find it there.
func TestStoreDirectory(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"good", "version = 1\n[store]\ndirectory = \"/data\"\n", "/data"},
		{"not said", "version = 1\n[store]\nsize = \"1GiB\"\n", ""},
		{"empty", "", ""},
		{"unknown keys and values without sense", "[sight]\nx = 1\n[store]\nsize = 3\ndirectory = \"/data\"\n", "/data"},
		{"syntax before", "version = \n[site\nname = \"demo\n[store]\ndirectory = \"/data\"\n", "/data"},
		{"syntax behind", "[store]\ndirectory = \"/data\"\n[[[zone\n", "/data"},
		{"syntax in the table", "[store]\nsize = 1GiB\ndirectory = \"/data\"\n", "/data"},
		{"no line end", "x = = 1\nstore.directory = '/data'", "/data"},
		{"full-width quotes", "[store]\ndirectory = ＂/data＂\n", "/data"},
		{"of another table", "[other]\ndirectory = \"/data\"\n", ""},
		{"another header came", "[store]\nx = = 1\n[other]\ndirectory = \"/data\"\n", ""},
		{"no whole path", "[store]\ndirectory = \"data\"\n", ""},
		{"in a comment", "[store]\n# directory = \"/data\"\n", ""},
		{"in a text of several lines", "x = '''\n[store]\ndirectory = \"/data\"\n'''\n", ""},
		{"GBK before", "[site]\ntitle = \"\xb6\xc9\xbf\xda\"\n[store]\ndirectory = \"/data\"\n", "/data"},
		{"Windows", "\xEF\xBB\xBF[store]\r\ndirectory = \"/data\"\r\n", "/data"},
	} {
		path := filepath.Join(t.TempDir(), "site.toml")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok := StoreDirectory(path); got != c.want || ok != (c.want != "") {
			t.Errorf("%s: got %q, %v, want %q", c.name, got, ok, c.want)
		}
	}
	if got, ok := StoreDirectory(filepath.Join(t.TempDir(), "gone")); ok {
		t.Errorf("no file: got %q", got)
	}
}

// TestStoreDirectoryHostile: a file of nothing but mistakes is not read for ever.
func TestStoreDirectoryHostile(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"= \n", "x = \"\"\"\n", "[\n", "\x00\n", "a = [[[[[[[[\n"} {
		began := time.Now()
		directoryIn([]byte(strings.Repeat(line, maxFile/len(line))))
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%q: took %v", line, took)
		}
	}
}
