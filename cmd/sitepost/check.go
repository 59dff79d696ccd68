package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"sitepost/cmd/sitepost/daemon"
	"sitepost/cmd/sitepost/words"
	"sitepost/config"
)

// checkCommand lists everything that is wrong with a site file, by the code
// that run reads it with.
func checkCommand(t *tool) *cobra.Command {
	var rounds bool
	c := &cobra.Command{
		Use:   "check",
		Short: "list every mistake of the site file, with its place and what to do",
		Long: `check reads the site file as run does and lists everything in it that is wrong, in
one go. It opens no line and dials nobody. What this machine lacks, such as a
certificate or a port, is listed as "on this machine".

Of a file that makes sense it then says how full each line is: how long it takes
to ask everybody once, and which share of the time all questions take. These are
reckoned, not measured.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return t.check(rounds) },
	}
	c.Flags().BoolVar(&rounds, "rounds", false, "of a file without mistakes, print only how full each line is; what this machine lacks is no matter then")
	return c
}

// check prints the findings and, where the file makes sense, the rounds of its
// lines; with onlyRounds nothing else.
func (t *tool) check(onlyRounds bool) error {
	found := config.Check(t.config, t.env())
	if unopened := found.Of(config.Unopened); len(unopened) > 0 {
		return errors.New(unopened[0].File + ": " + unopened[0].Text)
	}
	site, _ := config.Load(t.config, t.env()) // nil: what is wrong is in found
	if onlyRounds && site != nil {
		return t.printRounds(site)
	}
	if err := t.printFindings(found); err != nil {
		return err
	}
	good := len(found.Errors()) == 0
	if good && !t.json {
		if err := t.say("%s: good\n", t.config); err != nil {
			return err
		}
	}
	if site != nil && len(site.Lines) > 0 && !t.json {
		fmt.Fprintln(t.stdout)
		if err := t.printRounds(site); err != nil {
			return err
		}
	}
	if !good {
		return errFindings
	}
	return nil
}

// A lineRound is a config.Round as tools get it.
type lineRound struct {
	Line        string  `json:"line"`
	Settings    string  `json:"settings"`
	Instruments int     `json:"instruments"`
	RoundMS     int64   `json:"round_ms"`             // 0: nobody is asked
	Load        float64 `json:"load"`                 // share of the time, 1 is all of it
	SlowestMS   int64   `json:"slowest_ms,omitempty"` // the shortest pace that is not kept when all are due at once
}

// printRounds prints how full each line of a site is.
func (t *tool) printRounds(site *config.Config) error {
	rows := []lineRound{}
	for i, r := range config.Rounds(site, t.env()) {
		rows = append(rows, lineRound{
			Line: r.Line, Settings: spoken(site.Lines[i]), Instruments: r.Instruments,
			RoundMS: milliseconds(r.Round), Load: math.Round(r.Load*1000) / 1000, SlowestMS: milliseconds(r.Slowest),
		})
	}
	if t.json {
		text, err := json.MarshalIndent(rows, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(t.stdout, "%s\n", text)
		return err
	}
	table := [][]string{t.heads("line", "settings", "instruments", "round", "load")}
	for _, r := range rows {
		row := []string{r.Line, t.words.Translate(r.Settings), strconv.Itoa(r.Instruments)}
		if r.RoundMS > 0 {
			row = append(row, fmt.Sprintf("%d ms", r.RoundMS), fmt.Sprintf("%.0f %%", r.Load*100))
		} else {
			row = append(row, t.word("nobody is asked"))
		}
		table = append(table, row)
	}
	_, err := fmt.Fprint(t.stdout, words.Columns(table))
	return err
}

// spoken says how a line is spoken on.
func spoken(l config.Line) string {
	switch {
	case l.ModbusTCP:
		return "Modbus TCP"
	case l.Use == config.Listen:
		return l.Settings.String() + ", only heard"
	}
	return l.Settings.String()
}

// milliseconds rounds up: no round is reckoned shorter than it is.
func milliseconds(d time.Duration) int64 {
	return int64((d + time.Millisecond - 1) / time.Millisecond)
}

// env is what the site file may refer to beside itself.
func (t *tool) env() config.Env { return config.Env{Profiles: daemon.Shelf(t.profiles)} }

func (t *tool) printFindings(found config.Findings) error {
	if !t.json {
		_, err := fmt.Fprint(t.stdout, found.In(t.words.Translate))
		return err
	}
	text, err := found.JSON()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.stdout, "%s\n", text)
	return err
}
