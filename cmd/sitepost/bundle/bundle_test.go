package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestSiteFile: comments, users and names of keys stay in the house, whatever the file
// looks like; all else keeps its place and its line.
func TestSiteFile(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"a = 1 # secret\nb = 2\n":                     "a = 1 #\nb = 2\n",
		"# secret":                                    "#",
		`user = "secret"`:                             `user = "***"`,
		`user="secret" # x`:                           `user="***" #`,
		"user\t=  'secret'":                           "user\t=  \"***\"",
		"user = \"\"\"\nsec\"ret\\\"\"\"\"\"":         `user = "***"`,
		"user = '''se'cret''''\nb = 1":                "user = \"***\"\nb = 1",
		`"user" = "secret"`:                           `"user" = "***"`,
		`login = {name = "a", user = "secret"}`:       `login = {name = "a", user = "***"}`,
		`login.user = "secret"`:                       `login.user = "***"`,
		`key_id = "secret"`:                           `key_id = "***"`,
		`title = "a # b \" # c"`:                      `title = "a # b \" # c"`,
		`title = 'a \' # secret`:                      `title = 'a \' #`,
		`superuser = "kept"`:                          `superuser = "kept"`,
		`password = "file:/etc/sitepost/secrets/cam"`: `password = "file:/etc/sitepost/secrets/cam"`,
		"title = \"never closed # secret\n":           "title = \"never closed # secret\n", // no good file has it
	} {
		if got := string(SiteFile([]byte(given))); got != want {
			t.Errorf("%q: got %q, want %q", given, got, want)
		}
	}
}

// TestClean: a secret is found as it is, in JSON, in quotes and in a URL, and each long
// line of a key by itself; a login in a URL goes even where nobody knows it.
func TestClean(t *testing.T) {
	t.Parallel()
	s := NewScrubber([]string{`pa"ss<w>&ord\1`, "摄像机密码", "-----BEGIN KEY-----\nAAAAAAAAAAAAAAAAAAAA\n-----END KEY-----", "abc", ""})
	for given, want := range map[string]string{
		`x pa"ss<w>&ord\1 y`:                             "x *** y",
		`{"p":"pa\"ss\u003cw\u003e\u0026ord\\1"}`:        `{"p":"***"}`,
		`q="pa\"ss<w>&ord\\1"`:                           `q="***"`,
		"pa%22ss%3Cw%3E%26ord%5C1":                       "***",
		"密码是摄像机密码。":                                      "密码是***。",
		"\\u6444\\u50cf\\u673a\\u5bc6\\u7801":            "***",
		"AAAAAAAAAAAAAAAAAAAA":                           "***",
		"abc abcd":                                       "abc abcd", // too short to be looked for
		"rtsp://admin:geheim@10.0.0.1/x mqtt://h:1883/a": "rtsp://***@10.0.0.1/x mqtt://h:1883/a",
		"mail to a@b.example":                            "mail to a@b.example",
	} {
		if got := string(s.Clean([]byte(given))); got != want {
			t.Errorf("%q: got %q, want %q", given, got, want)
		}
	}
}

// TestWrite: the list comes first and says what is not there; what is too long is cut;
// the file is new, and for its owner only.
func TestWrite(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "b.tar.gz")
	parts := []Part{{Name: "a.txt", Text: []byte("hello")}, {Name: "b.txt", Why: "not there: nobody answers"}}
	for range 7 {
		parts = append(parts, Part{Name: "long.txt", Text: make([]byte, MostOfPart+1)})
	}
	list, err := Write(path, parts, time.Unix(1e9, 0))
	if err != nil {
		t.Fatal(err)
	}
	if want := "        5  a.txt\n        0  b.txt  (not there: nobody answers)\n  4194304  long.txt  (cut: it is longer)\n"; !strings.HasPrefix(list, want) {
		t.Errorf("got\n%s\nwant it to begin\n%s", list, want)
	}
	names, total := read(t, path)
	if names[0] != Manifest || names[1] != "a.txt" || names[2] != "long.txt" {
		t.Errorf("got %q", names)
	}
	if total > MostOfAll {
		t.Errorf("got %d bytes, want at most %d", total, MostOfAll)
	}
	if i, err := os.Stat(path); err != nil || i.Mode() != 0o600 {
		t.Errorf("got %v, %v", i.Mode(), err)
	}
	if _, err := Write(path, parts, time.Unix(1e9, 0)); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("a second time: got %v", err)
	}
	link := path + ".link"
	if err := os.Symlink(filepath.Join(t.TempDir(), "elsewhere"), link); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(link, parts, time.Unix(1e9, 0)); err == nil {
		t.Error("a link was written through")
	}
}

func read(t *testing.T, path string) (names []string, total int64) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	zip, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for archive := tar.NewReader(zip); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return names, total
		}
		if err != nil {
			t.Fatal(err)
		}
		names, total = append(names, h.Name), total+h.Size
	}
}

// TestFolder: names, sizes and links are told; nothing is opened, and nothing outside is
// listed.
func TestFolder(t *testing.T) {
	t.Parallel()
	dir, outside := t.TempDir(), t.TempDir()
	err := errors.Join(
		os.WriteFile(filepath.Join(dir, "1.toml"), []byte("secret"), 0o600),
		os.WriteFile(filepath.Join(outside, "private"), []byte("secret"), 0o600),
		os.Symlink(outside, filepath.Join(dir, "out")),
		os.WriteFile(filepath.Join(dir, "bad\x1b[2Jname"), nil, 0o600),
	)
	if err != nil {
		t.Fatal(err)
	}
	list, err := Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for row := range strings.Lines(string(list)) {
		words := strings.Fields(row)
		got = append(got, words[0]+" "+words[len(words)-1])
	}
	want := []string{`"."`, `-rw------- "1.toml"`, `-rw------- "bad\x1b[2Jname"`, `Lrwxrwxrwx "out"`}
	got[0] = strings.Fields(got[0])[1]
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, err := Folder(filepath.Join(dir, "none")); err == nil {
		t.Error("a folder that is not there was listed")
	}
}
