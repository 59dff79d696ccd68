package main

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"time"

	"sitepost/cmd/sitepost/box"
	"sitepost/cmd/sitepost/history"
	"sitepost/config"
)

// A beginning is the site file that a run begins with.
type beginning struct {
	config   *config.Config
	rejected string // why it is not the one on disk; "" it is
}

// begin reads the site file. If it has mistakes the last accepted one is taken instead,
// loudly: for a box that nobody looks at silence is worse than an older file. Without
// one the mistakes are printed, and end the command. A file that cannot be opened is a
// bad command line of a person, and no reason to run something else; started by systemd
// it is a file that somebody has moved, or has taken from the daemon's eyes.
func (t *tool) begin() (beginning, error) {
	c, found := config.Load(t.config, t.env())
	byPerson := os.Getenv("STATE_DIRECTORY") == ""
	if len(found.Errors()) == 0 || byPerson && len(found.Of(config.Unopened)) > 0 {
		c, err := t.good(c, found)
		return beginning{config: c}, err
	}
	last, err := t.lastAccepted()
	if err != nil {
		fmt.Fprintln(t.stderr, "sitepost:", t.words.Translate(err.Error()))
	}
	if last == nil {
		_, err := t.good(c, found)
		return beginning{}, err
	}
	_ = found.Errors().Write(t.stderr) // where nobody can read it the site runs all the same
	return beginning{last, found.Brief()}, nil
}

// lastAccepted reads the last accepted site file out of the history; nil: there is
// none that could run now.
func (t *tool) lastAccepted() (*config.Config, error) {
	book, err := history.Open(t.storeDirectory())
	if err != nil {
		return nil, err
	}
	last, is, err := book.Last()
	if !is || err != nil {
		return nil, err
	}
	text, err := book.Text(last.Number)
	if err != nil {
		return nil, err
	}
	c, found := config.Parse(t.config, text, t.env())
	if len(found.Errors()) > 0 {
		return nil, fmt.Errorf("the last accepted site file (number %d of %s) has mistakes now too, so nothing runs: %s", last.Number, book.Path(), found.Brief())
	}
	return c, nil
}

// usualState is where a store lies if nobody says otherwise.
const usualState = "/var/lib/sitepost"

// storeDirectory is where the store of the site lies, and with it its history: as the
// site file says, which may be full of mistakes; else where systemd has made a place
// for it (StateDirectory=); else at the usual place.
func (t *tool) storeDirectory() string {
	if said, is := config.StoreDirectory(t.config); is {
		return said
	}
	given, _, _ := strings.Cut(os.Getenv("STATE_DIRECTORY"), ":")
	return cmp.Or(given, usualState)
}

// keeper returns what keeps accepted site files in the history of a store.
func keeper(directory string) func(c *config.Config, who string) (int, error) {
	return func(c *config.Config, who string) (int, error) {
		book, err := history.Open(directory)
		if err != nil {
			return 0, err
		}
		e, err := book.Keep(c.Text(), who, time.Now(), box.ReadClock().Synced)
		return e.Number, err
	}
}
