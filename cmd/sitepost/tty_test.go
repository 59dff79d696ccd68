package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/creack/pty"
)

// TestAtTerminal: a person reads a terminal; nobody reads a file, a pipe, or /dev/null,
// which is a device too and would have a question wait for ever.
func TestAtTerminal(t *testing.T) {
	t.Parallel()
	master, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer terminal.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if !atTerminal(terminal) {
		t.Error("nobody reads at a terminal")
	}
	if atTerminal(null) || atTerminal(w) || atTerminal(&bytes.Buffer{}) {
		t.Error("somebody reads /dev/null, a pipe or memory")
	}
}
