package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"
)

// atTerminal says whether a person reads what is written to w.
func atTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	return isTTY(f)
}

// countDown tells in one line of a terminal how long something still takes, until
// ctx ends; then it wipes the line away.
func (t *tool) countDown(ctx context.Context, w io.Writer, d time.Duration) {
	const wipe = "\r\x1b[K"
	began := time.Now()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		left := (d - time.Since(began)).Round(time.Second)
		if left > 0 {
			fmt.Fprint(w, wipe+t.words.Sprintf("looking, %v left", left))
		} else {
			fmt.Fprint(w, wipe+t.word("looking, done as soon as it answers"))
		}
		select {
		case <-second.C:
		case <-ctx.Done():
			fmt.Fprint(w, wipe)
			return
		}
	}
}
