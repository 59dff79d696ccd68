package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
)

// errNotConfirmed ends a command that would have changed something.
var errNotConfirmed = errors.New("nothing was written: repeat it with --yes to have it done without a question")

// confirm asks a person at a terminal whether what was shown shall be done. Where nobody
// can be asked, or with --yes, the flag is the answer.
func (t *tool) confirm(ctx context.Context, yes bool, question string) error {
	if yes {
		return nil
	}
	if !atTerminal(os.Stdin) || !atTerminal(t.stderr) {
		return errNotConfirmed
	}
	t.ask(question)
	answered := make(chan bool, 1)
	go func() { answered <- isYes(os.Stdin) }() // a read that nobody answers ends with the process
	select {
	case is := <-answered:
		if is {
			return nil
		}
	case <-ctx.Done():
	}
	return errNotConfirmed
}

// ask prints a question, in the language of the person.
func (t *tool) ask(question string) {
	_, _ = io.WriteString(t.stderr, t.words.Translate(question)+" [y/N] ") // nobody answers what nobody reads
}

// isYes reads one line.
func isYes(from io.Reader) bool {
	const longest = 100
	line, _ := bufio.NewReader(io.LimitReader(from, longest)).ReadString('\n') // without an end it counts too
	return slices.Contains([]string{"y", "yes", "是", "好"}, strings.ToLower(strings.TrimSpace(line)))
}
