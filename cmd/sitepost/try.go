package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sitepost/devices"
	"sitepost/devices/instrument"
	"sitepost/devices/line"
)

// tryCommand proves a profile with its own byte vectors, or shows what it makes
// of a capture. It sends nothing and needs no site.
func tryCommand(t *tool) *cobra.Command {
	var address int
	c := &cobra.Command{
		Use:   "try PROFILE.toml [CAPTURE]",
		Short: "prove a profile with its own bytes, or decode a capture with it",
		Long: `try runs every [[try]] of a profile and prints one line for each:

  ok 3
  differs 4: want [gas.alarm.own raised], got [gas.reading 300 ppm]

With a capture, as "sitepost listen --record" writes it, it prints the events that
the profile reads from it. PROFILE is a file, or the name of a profile that comes
with sitepost.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			if address < 0 || address > 255 {
				return fmt.Errorf("--address %d: write 0 to 255", address)
			}
			p, err := openProfile(args[0], t.profiles)
			if err != nil {
				return t.profileMistakes(err)
			}
			if len(args) == 2 {
				return t.replay(p, address, args[1])
			}
			return t.prove(p)
		},
	}
	c.Flags().IntVar(&address, "address", 1, "of the instrument in the capture")
	return c
}

// openProfile reads a profile from a file, or by the name of one that is known.
func openProfile(arg, siteDir string) (*instrument.Profile, error) {
	if !strings.HasSuffix(arg, ".toml") {
		return instrument.Load(arg, siteDir)
	}
	text, err := os.ReadFile(arg)
	if err != nil {
		return nil, err
	}
	p, err := instrument.Parse(strings.TrimSuffix(filepath.Base(arg), ".toml"), text)
	if mistakes, ok := errors.AsType[*instrument.Mistakes](err); ok {
		mistakes.File = arg
	}
	return p, err
}

// profileMistakes prints what is wrong in a profile; any other error is one of
// the file itself.
func (t *tool) profileMistakes(err error) error {
	mistakes, ok := errors.AsType[*instrument.Mistakes](err)
	if !ok {
		return err
	}
	fmt.Fprintln(t.stdout, t.words.Translate(mistakes.Error()))
	return errFindings
}

// replay prints what the profile reads from a capture, with the time of each
// event.
func (t *tool) replay(p *instrument.Profile, address int, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	begin := time.Unix(0, 0)
	chunks, err := line.ReadCapture(f, begin)
	if bad, ok := errors.AsType[*line.CaptureError](err); ok {
		fmt.Fprintf(t.stdout, "%s:%s\n", path, t.words.Translate(bad.Error()))
		return errFindings
	}
	if err != nil {
		return err
	}
	hearer, journal := instrument.NewHearer(p, address), &instrument.Journal{}
	tell := func(events []devices.Event) {
		for _, e := range events {
			for _, text := range journal.Lines([]devices.Event{e}) {
				fmt.Fprintf(t.stdout, "+%.3f  %s\n", e.Time.Sub(begin).Seconds(), text)
			}
		}
	}
	for _, c := range chunks {
		tell(hearer.Hear(c))
	}
	tell(hearer.End())
	return nil
}

// prove prints one line per vector, all of them. The same vectors run again
// byte by byte and behind noise; one that differs only then is told as such on
// the side, for its line has no room.
func (t *tool) prove(p *instrument.Profile) error {
	verdicts := p.Prove()
	for _, v := range p.ProveHard() {
		if !v.OK && verdicts[v.N-1].OK {
			verdicts[v.N-1] = v
			fmt.Fprint(t.stderr, t.words.Sprintf("try %d (line %d) differs only %s\n", v.N, v.Line, t.word(v.Way)))
		}
	}
	if t.json {
		if err := json.NewEncoder(t.stdout).Encode(verdicts); err != nil {
			return err
		}
	}
	good := true
	for _, v := range verdicts {
		good = good && v.OK
		if !t.json {
			fmt.Fprintln(t.stdout, t.verdictWords(v))
		}
	}
	if err := p.Unproven(); err != nil {
		fmt.Fprintln(t.stderr, t.words.Translate(err.Error()))
	}
	if !good {
		return errFindings
	}
	return nil
}

// verdictWords says a verdict as its String does, in the language of the person.
func (t *tool) verdictWords(v instrument.Verdict) string {
	if v.OK {
		return t.words.Sprintf("ok %d", v.N)
	}
	return t.words.Sprintf("differs %d: want [%s], got [%s]", v.N, strings.Join(v.Want, ", "), strings.Join(v.Got, ", "))
}
