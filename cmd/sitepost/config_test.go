package main

import (
	"os"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"sitepost/cmd/sitepost/history"
)

// historyVerbs are those of scripts about the history of site files: `accepted FOLDER
// FILE …` keeps files in the history of a store, as run does, an hour apart.
func historyVerbs() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	return map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"accepted": func(ts *testscript.TestScript, _ bool, args []string) {
			book, err := history.Open(ts.MkAbs(args[0]))
			ts.Check(err)
			at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
			for n, name := range args[1:] {
				text, err := os.ReadFile(ts.MkAbs(name))
				ts.Check(err)
				_, err = book.Keep(text, "root (uid 0)", at.Add(time.Duration(n)*time.Hour))
				ts.Check(err)
			}
		},
	}
}
