package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"sitepost/cmd/sitepost/control"
)

// What a tool has written into the site file counts when the running sitepost has gone
// over to it. All tools that write it end in one way, force, and --reload says whether at
// once:
//
//	rollback, migrate   yes, unless --reload=false: a person has seen the whole text
//	import, discover    only with --reload: names are for ever once a site has run with
//	                    them, and are to be looked over before
//	enroll              never: the papers that it names are to come
const (
	atOnce = true
	onWord = false
)

// reloadFlag adds --reload to a command that writes the site file.
func reloadFlag(c *cobra.Command, reload *bool, usual bool) {
	c.Flags().BoolVar(reload, "reload", usual, "make the running sitepost go over to what was written")
}

// errReloadOfNothing is what --reload without --write is.
var errReloadOfNothing = errors.New("--reload belongs to --write: nothing else changes the site file")

// end ends a tool whose text needs no more work: it is in force, or it is said what puts
// it in force.
func (t *tool) end(ctx context.Context, reload bool, text []byte) error {
	if reload {
		return t.force(ctx, text)
	}
	return t.tell("next: `sitepost reload`")
}

// force makes the running sitepost go over to a text that was written into the site file
// just now. Where none runs that is said, and is no mistake.
func (t *tool) force(ctx context.Context, text []byte) error {
	done, err := control.Client{Path: t.control}.Reload(ctx)
	if errors.Is(err, control.ErrNobody) {
		return t.tell("no sitepost answers at %s: the next one that is started begins with %s", t.control, t.config)
	}
	if err != nil {
		return fmt.Errorf("%s is written, and not in force: %w: when that is put right, `sitepost reload`", t.config, err)
	}
	if sum := sha256.Sum256(text); done.Accepted && done.Hash != hex.EncodeToString(sum[:]) {
		return fmt.Errorf("%s is written, and not in force: the sitepost at %s runs with another site file: give the socket of the right one with --control, to `sitepost reload`", t.config, t.control)
	}
	if err := t.tellReloaded(done); err != nil {
		return err
	}
	if !done.Accepted {
		return errFindings
	}
	return nil
}
