package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sitepost/cmd/sitepost/words"
	"sitepost/config"
)

// TestInitNamesEveryQuestion: help lists each key that answers may have, in both languages.
func TestInitNamesEveryQuestion(t *testing.T) {
	t.Parallel()
	english := initCommand(&tool{}).Long
	chinese, _ := words.In(words.Chinese).Text(english)
	for _, key := range config.Questions() {
		for language, help := range map[string]string{"English": english, "Chinese": chinese} {
			if !regexp.MustCompile(`(?m)^  (\[\[|[a-z_ ]+ )?` + key + `(\]\]| |$)`).MatchString(help) {
				t.Errorf("the %s help of init does not name the question %q", language, key)
			}
		}
	}
}

// TestWriteNew: a link that leads nowhere is something that exists, and is not followed.
func TestWriteNew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	link := filepath.Join(dir, "link.toml")
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), link); err != nil {
		t.Fatal(err)
	}
	if err := writeNew(link, []byte("x")); err == nil || !strings.HasSuffix(err.Error(), "link.toml exists already and stays as it is: choose another name") {
		t.Errorf("got %v", err)
	}
	if exists(filepath.Join(dir, "elsewhere")) {
		t.Error("a link was followed")
	}
}
