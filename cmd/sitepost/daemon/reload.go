package daemon

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"sitepost/cmd/sitepost/control"
	"sitepost/config"
	"sitepost/devices"
)

// A reload goes over to another site file while the site runs:
//
//	read ──► plan ──► compare ──► what is gone or changed ends ──► the plan is in force ──► what is new begins
//	  │        │                   (the rest goes on)               places, topics, what is open
//	  ▼        ▼
//	refused: nothing changes, and config.rejected stands until a file is accepted
//
// What cannot change while the site runs stays as it runs, and is named until the
// restart that puts it in force.

// reload reads the site file again, because somebody asks for it, and goes over to
// it. One waits for the other. Once it has begun it does not end with ctx.
func (s *site) reload(ctx context.Context, who string) (control.Reloaded, error) {
	if s.opt.Reread == nil {
		return control.Reloaded{}, errors.New("this sitepost has no site file that it could read again")
	}
	if err := s.mayReload(ctx); err != nil {
		return control.Reloaded{}, err
	}
	defer func() { <-s.reloading }()
	c, found := s.opt.Reread()
	if c == nil || len(found.Errors()) > 0 {
		return s.refuse(found, who), nil
	}
	if renamed := config.Renamed(c, s.file().Site.Name); len(renamed) > 0 {
		return s.refuse(renamed, who), nil
	}
	p, err := s.newPlan(asItRuns(c, s.file()))
	if err != nil {
		return s.refuse(config.Findings{{File: c.Path, Kind: config.Meaning, Text: err.Error()}}, who), nil
	}
	found = append(found, config.CheckMachine(c)...) // worth knowing; what lacks may come later
	return s.goOver(p, c, found, who), nil
}

// mayReload waits for the others, and for the start. Who is on the way out is not waited
// for: it may take as long as the city is away.
func (s *site) mayReload(ctx context.Context) error {
	ended := errors.New("sitepost stops, or its site is given up: the next start reads the site file")
	select {
	case <-s.ends:
		return ended
	default:
	}
	select {
	case s.reloading <- struct{}{}:
		return nil
	case <-s.ends:
		return ended
	case <-ctx.Done():
		return errors.New("another reload is under way: ask again")
	}
}

// refuse leaves all as it is, and says so.
func (s *site) refuse(found config.Findings, who string) control.Reloaded {
	s.tellRefused(found.Brief(), who)
	return control.Reloaded{Hash: s.file().Hash, Changed: []string{}, AtRestart: s.word.waits(), Findings: printed(found)}
}

// goOver goes over to a plan. c is the file as it is written.
func (s *site) goOver(p *plan, c *config.Config, found config.Findings, who string) control.Reloaded {
	before, waiting := s.file().Hash, atRestart(c, s.file())
	ending, beginning := p.compare(s.parts.running)
	late := s.parts.end(ending)
	s.ingest.Swap(p.who)
	s.force(p)
	if err := s.showStanding(); err != nil {
		s.opt.Log.Error("what stands is not shown yet", "err", err)
		s.owes.Store(true)
		s.learn()
	}
	if err := s.parts.begin(beginning); err != nil {
		s.opt.Log.Error("not all of the site can begin", "err", err)
	}
	r := control.Reloaded{Accepted: true, Hash: c.Hash, Changed: changes(ending, beginning), AtRestart: waiting, Findings: printed(found) + tooLate(late)}
	r.Number = s.accept(c, waiting, who)
	if c.Hash != before || len(r.Changed) > 0 {
		s.say(devices.Event{Code: devices.ConfigChanged, Text: short(r.Changed, c.Hash, who)})
	}
	s.opt.Log.Info("site file is in force", "by", who, "config", c.Hash, "changed", r.Changed, "at_restart", waiting, "late", late)
	return r
}

// tellRefused says that another site file is in force than the one on disk.
func (s *site) tellRefused(why, who string) {
	s.opt.Log.Warn("site file refused: the one before stays in force", "by", who, "why", why, "config", s.file().Hash)
	s.word.refuse(why, who, s.opt.Host.Wall())
	s.say(devices.Event{Code: devices.ConfigRejected, State: devices.Raised, Text: fmt.Sprintf("%s (by %s)", why, who)})
	s.news()
}

// tellFile says at the start what became of the site file: it is in force, or was
// rejected and the last accepted one is.
func (s *site) tellFile() {
	const who = "start"
	if s.opt.Rejected == "" {
		s.accept(s.file(), nil, who)
		return
	}
	s.keep(s.file(), who)
	s.tellRefused(s.opt.Rejected, who)
}

// accept notes that a file is accepted, and returns its number.
func (s *site) accept(c *config.Config, waiting []string, who string) (number int) {
	s.word.accept(waiting)
	s.say(devices.Event{Code: devices.ConfigRejected, State: devices.Cleared})
	s.news()
	return s.keep(c, who)
}

// keep puts a file that was accepted into the history. A box that cannot guards its
// site all the same.
func (s *site) keep(c *config.Config, who string) (number int) {
	if s.opt.Keep == nil {
		return 0
	}
	number, err := s.opt.Keep(c, who)
	if err != nil {
		s.opt.Log.Error("site file is not kept", "config", c.Hash, "err", err)
	}
	return number
}

// say puts on disk what the box has to say of its site file.
func (s *site) say(e devices.Event) {
	e.Time = s.opt.Host.Wall()
	if err := s.ingest.Say(boxName, e); err != nil {
		s.opt.Log.Warn("what became of the site file is not told", "code", e.Code, "err", err)
	}
}

// answerHangups reloads when somebody sends SIGHUP, until ctx ends. What became of it
// stands in the log.
func (s *site) answerHangups(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.opt.Hangup:
			if _, err := s.reload(ctx, "signal SIGHUP"); err != nil {
				s.opt.Log.Warn("no reload", "err", err)
			}
		}
	}
}

// asItRuns is a site file with all that cannot change while the site runs as it runs.
func asItRuns(c, runs *config.Config) *config.Config {
	as := *c
	as.Store, as.Uplink.Receipt, as.Page = runs.Store, runs.Uplink.Receipt, runs.Page
	return &as
}

// atRestart names the keys of a site file that count from the next restart on.
func atRestart(c, runs *config.Config) []string {
	keys := []string{}
	for _, k := range []struct {
		key  string
		same bool
	}{
		{"store.directory", c.Store.Directory == runs.Store.Directory},
		{"store.size", c.Store.Size == runs.Store.Size},
		{"store.keep_alarms", c.Store.KeepAlarms == runs.Store.KeepAlarms},
		{"store.keep_readings", c.Store.KeepReadings == runs.Store.KeepReadings},
		{"store.keep_events", c.Store.KeepEvents == runs.Store.KeepEvents},
		{"store.keep_pictures", c.Store.KeepPictures == runs.Store.KeepPictures},
		{"uplink.receipt", c.Uplink.Receipt == runs.Uplink.Receipt},
		{"page.listen", c.Page == runs.Page},
	} {
		if !k.same {
			keys = append(keys, k.key)
		}
	}
	return keys
}

// changes says what became of the parts, each name once.
func changes(ending []*running, beginning []part) []string {
	ended, all, told := map[string]bool{}, []string{}, map[string]bool{}
	for _, r := range ending {
		ended[r.name] = true
	}
	tell := func(name, what string) {
		if !told[name] {
			told[name] = true
			all = append(all, name+" "+what)
		}
	}
	for _, p := range beginning {
		if ended[p.name] {
			tell(p.name, "begins anew")
		} else {
			tell(p.name, "is new")
		}
	}
	for _, name := range names(ended) {
		tell(name, "is gone")
	}
	return all
}

// mostNamed is how many changes have a name in an event.
const mostNamed = 10

// short says a change in one line: who, what, and which file.
func short(changed []string, hash, who string) string {
	what := "nothing that runs begins anew"
	if n := len(changed); n > 0 {
		what = strings.Join(changed[:min(n, mostNamed)], ", ")
		if n > mostNamed {
			what += fmt.Sprintf(" and %d more", n-mostNamed)
		}
	}
	return fmt.Sprintf("by %s: %s; the site file has hash %s", who, what, hash)
}

// mostPrinted bounds what a tool is told of a file, in bytes.
const mostPrinted = 256 << 10

// printed is the findings as check prints them, as far as there is room.
func printed(found config.Findings) string {
	var out strings.Builder
	for i, f := range found {
		text := f.String()
		if out.Len()+len(text) > mostPrinted {
			fmt.Fprintf(&out, "and %d more: `sitepost check` lists all\n", len(found)-i)
			break
		}
		out.WriteString(text)
	}
	return out.String()
}

// tooLate says which parts did not end.
func tooLate(late []string) string {
	var out strings.Builder
	for _, name := range late {
		fmt.Fprintf(&out, "%s did not end within %v, and was cut off\n", name, endWithin)
	}
	return out.String()
}
