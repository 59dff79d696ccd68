package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sitepost/cmd/sitepost/daemon"
	"sitepost/cmd/sitepost/words"
	"sitepost/config"
	"sitepost/devices/instrument"
	"sitepost/devices/line"
	"sitepost/devices/osdp"
	"sitepost/devices/survey"
)

// usualLook is how long a guess listens per settings: longer than twice the
// silence of what speaks once a second or two.
const usualLook = 6 * time.Second

// guess listens at the usual settings one after the other and says what fits.
func (w *wire) guess(ctx context.Context, look time.Duration) error {
	ctx, giveBack, err := w.borrow(ctx)
	if err != nil {
		return err
	}
	defer giveBack()
	if look <= 0 {
		look = usualLook
	}
	done := 0
	s := survey.Search{
		Open: func(s line.Settings) line.Opener { return w.opener(config.Settings(s)) },
		Each: look, Others: []survey.Other{{Name: "OSDP", Overheard: osdp.Overheard}},
		Progress: func(s line.Settings, heard int) {
			done++
			w.tool.remark("%-11s %d bytes heard", s, heard)
		},
	}
	if w.line.Address != "" { // a serial server's own page sets them
		s.Settings = []line.Settings{line.Settings(w.line.Settings)}
	}
	for _, name := range daemon.Shelf(w.tool.profiles).Names() {
		p, err := instrument.Load(name, w.tool.profiles)
		if err != nil {
			w.tool.remark("profile %q is left out: %v", name, err)
			continue
		}
		s.Profiles = append(s.Profiles, p)
	}
	n := len(s.Settings)
	if n == 0 {
		n = len(survey.Usual())
	}
	w.tool.remark("listening to %s, sending nothing: %v for each of %d settings", w, look, n)
	verdicts, err := survey.Guess(ctx, s)
	if err != nil && len(verdicts) > 0 {
		return errors.Join(w.tool.printGuess(verdicts), fmt.Errorf("%s: stopped after %d of %d settings: %w", w, done, n, err))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", w, err)
	}
	return w.tool.printGuess(verdicts)
}

func (t *tool) printGuess(verdicts []survey.Verdict) error {
	if t.json {
		type guess struct {
			Settings string `json:"settings"`
			What     string `json:"what"`
			Sure     string `json:"sure"`
			Frames   int    `json:"frames"`
			Bytes    int    `json:"bytes"`
			Why      string `json:"why"`
		}
		all := []guess{}
		for _, v := range verdicts {
			all = append(all, guess{v.Settings.String(), v.What, string(v.Sure), v.Frames, v.Bytes, v.Why})
		}
		return json.NewEncoder(t.stdout).Encode(all)
	}
	if len(verdicts) == 0 {
		return t.say("something speaks there, and nothing known fits: record it with --record and begin a profile with `sitepost new profile`\n")
	}
	var table [][]string
	for _, v := range verdicts {
		table = append(table, []string{t.word(string(v.Sure)), v.What, v.Settings.String(), t.words.Translate(v.Why)})
	}
	_, err := fmt.Fprint(t.stdout, words.Columns(table))
	return err
}
