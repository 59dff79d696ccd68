package main

import (
	"io"
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// storeVerbs are those of scripts about stores: `store FOLDER` makes one with
// three records, `setaside FOLDER` sets the second one aside, `hold FOLDER` opens it
// until `release`, `spoil FILE` takes its beginning away.
func storeVerbs() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	held := map[*testscript.TestScript]*store.Store{}
	open := func(ts *testscript.TestScript, folder string) *store.Store {
		s, err := store.Open(store.Options{Directory: ts.MkAbs(folder)})
		ts.Check(err)
		return s
	}
	return map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"store": func(ts *testscript.TestScript, _ bool, args []string) {
			s := open(ts, args[0])
			for range 3 {
				ts.Check(s.Append(devices.Place{Device: devices.Named{Name: "d"}}, devices.Event{Time: time.Now(), Code: "alarm.test"}))
			}
			ts.Check(s.Close())
		},
		"setaside": func(ts *testscript.TestScript, _ bool, args []string) {
			s := open(ts, args[0])
			ts.Check(s.SetAside(devices.AlarmLane, 2, "every connection dies on it"))
			ts.Check(s.Close())
		},
		"hold":    func(ts *testscript.TestScript, _ bool, args []string) { held[ts] = open(ts, args[0]) },
		"release": func(ts *testscript.TestScript, _ bool, _ []string) { ts.Check(held[ts].Close()) },
		"spoil": func(ts *testscript.TestScript, _ bool, args []string) {
			f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_RDWR, 0)
			ts.Check(err)
			_, err = f.Write(make([]byte, 2*os.Getpagesize()))
			ts.Check(err)
			ts.Check(f.Close())
		},
	}
}

// TestVerifyExitCodes keeps apart what is damaged from what cannot be looked at.
func TestVerifyExitCodes(t *testing.T) {
	directory := t.TempDir()
	verify := func(want int) {
		t.Helper()
		if got := run([]string{"store", "verify", "--directory", directory}, io.Discard, io.Discard); got != want {
			t.Errorf("got exit code %d, want %d", got, want)
		}
	}
	verify(exitUsage)
	s, err := store.Open(store.Options{Directory: directory})
	if err != nil {
		t.Fatal(err)
	}
	verify(exitUsage)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	verify(exitGood)
	if err := os.Truncate(directory+"/store.db", 9000); err != nil {
		t.Fatal(err)
	}
	verify(exitFindings)
}
