package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"sitepost/cmd/sitepost/box"
	"sitepost/cmd/sitepost/status"
	"sitepost/devices"
)

// sitepost says whether one runs.
func (e *examination) sitepost(context.Context) []Row {
	s := e.Snapshot
	switch {
	case s != nil:
		return []Row{{State: Good, Text: fmt.Sprintf("version %s runs since %s", s.Version, s.Started.Format("2006-01-02 15:04"))}}
	case e.Hangs:
		return []Row{{State: Wrong, Code: "sitepost.hangs", Text: e.Absent.Error(), Next: "journalctl -u sitepost says what it did last; if it stays so, systemctl restart sitepost: what is on disk stays there"}}
	case e.Absent != nil:
		return []Row{{State: Unseen, Code: "unseen", Text: e.Absent.Error(), Next: "run the doctor as root, or as a member of the group of sitepost"}}
	case e.WhyNot != "":
		return []Row{{State: Unseen, Code: "unseen", Text: e.WhyNot, Next: askIt}}
	}
	return []Row{{State: Wrong, Code: "sitepost.stopped", Text: "no sitepost runs: nobody watches the site", Next: "systemctl start sitepost; if it does not stay, journalctl -u sitepost says why"}}
}

// askIt is the next step with what only a sitepost knows that was not asked, and runs or
// may run.
const askIt = "run the doctor with sudo, and give it the socket of that sitepost with --control"

// orAsk is the next step with what only a running sitepost knows: one that runs need not be
// started.
func (e *examination) orAsk(next string) string {
	if e.Absent != nil || e.WhyNot != "" {
		return askIt
	}
	return next
}

// lookOnly are codes of the snapshot of which nothing is lost yet.
var lookOnly = []string{"store.set_aside", "city.spare", "clock.tolerated"}

// told returns what the running sitepost has found in some of its areas.
func (e *examination) told(areas ...string) (all []Row) {
	if e.Snapshot == nil {
		return nil
	}
	for _, f := range e.Snapshot.Findings {
		for _, area := range areas {
			if f.What == area {
				all = append(all, Row{State: grade(f), Code: f.Code, Place: f.Name, Text: f.Text, Next: f.Next})
			}
		}
	}
	return all
}

// grade says how bad a finding is: a code of the dictionary by its severity.
func grade(f status.Finding) State {
	for _, code := range lookOnly {
		if f.Code == code {
			return Look
		}
	}
	m, known := devices.Code(f.Code).Meaning()
	if known && f.What != "device" && m.Severity != devices.Critical && m.Severity != devices.Major {
		return Look
	}
	return Wrong
}

// hot is from when on a machine is, in thousandths of a degree.
const hot = 80_000

// host looks at supply and heat.
func (e *examination) host(context.Context) []Row {
	var rows []Row
	power := box.PowerState{}
	if e.Snapshot != nil {
		power, rows = e.Snapshot.Power, e.told("power")
	} else {
		root, _ := fs.Sub(e.Machine.Root, "sys/class/power_supply") // a valid path
		power = box.ReadPower(root)
		rows = powerRows(power)
	}
	good := []string{}
	if power.Supplies > 0 && power.Mains {
		good = append(good, "mains")
	}
	if power.Battery != nil && !power.Low {
		good = append(good, fmt.Sprintf("battery %d %%", *power.Battery))
	}
	for _, name := range e.Machine.glob("sys/class/hwmon/*/in0_lcrit_alarm") { // rpi_volt
		if e.Machine.Word(name) == "1" {
			rows = append(rows, Row{State: Wrong, Code: "host.undervoltage", Place: name, Text: "the supply voltage is, or was, too low", Next: "use a stronger power supply and a short cable"})
		}
	}
	hottest := 0
	for _, name := range e.Machine.glob("sys/class/thermal/thermal_zone*/temp") {
		if t, err := strconv.Atoi(e.Machine.Word(name)); err == nil {
			hottest = max(hottest, t)
		}
	}
	switch {
	case hottest > hot:
		rows = append(rows, Row{State: Look, Code: "host.hot", Text: fmt.Sprintf("the machine has %d °C", hottest/1000), Next: "give it air, and clean the fan"})
	case hottest > 0:
		good = append(good, fmt.Sprintf("%d °C", hottest/1000))
	}
	if len(rows) == 0 && len(good) == 0 {
		return []Row{{State: Unseen, Code: "unseen", Text: "this machine says nothing of its supply or its heat", Next: "look at its power supply by hand"}}
	}
	if len(good) > 0 {
		rows = append(rows, Row{State: Good, Text: strings.Join(good, ", ")})
	}
	return rows
}

func powerRows(p box.PowerState) []Row {
	s := status.Snapshot{}
	s.Power = p
	s.Clock.Synced = true
	s.Judge()
	e := examination{Options{Snapshot: &s}}
	return e.told("power")
}

var errNoServer = errors.New("no answer")

// clock looks at the clock and asks the time servers of the site file.
func (e *examination) clock(ctx context.Context) []Row {
	if e.Snapshot != nil {
		return e.clockTold()
	}
	var rows []Row
	if !e.Machine.Synced() {
		rows = append(rows, Row{State: Look, Code: string(devices.ClockUnsynced), Text: "the clock is not synchronised", Next: "check chrony or systemd-timesyncd"})
	}
	good := []string{"synchronised"}
	if e.Site == nil {
		return goodUnless(rows, good[0])
	}
	type answer struct {
		offset float64
		err    error
	}
	servers := e.Site.Clock.CompareWith
	answers := make([]chan answer, len(servers))
	for i, server := range servers {
		answers[i] = make(chan answer, 1)
		go func() {
			offset, err := e.Machine.AskTime(ctx, server)
			answers[i] <- answer{offset, err}
		}()
	}
	for i, server := range servers {
		a := answer{err: errNoServer}
		select {
		case a = <-answers[i]:
		case <-ctx.Done():
		}
		switch off := max(a.offset, -a.offset); {
		case a.err != nil:
			rows = append(rows, noTime(server, a.err.Error()))
		case off > e.Site.Clock.Alarm.Seconds():
			rows = append(rows, Row{State: Wrong, Code: string(devices.ClockUnsynced), Place: server, Text: fmt.Sprintf("the clock is %.3f s away from that of this server", off), Next: "check chrony or systemd-timesyncd"})
		default:
			good = append(good, fmt.Sprintf("%s: %+.3f s", server, -a.offset))
		}
	}
	return goodUnless(rows, strings.Join(good, ", "))
}

// clockTold is what the running sitepost knows of the clock.
func (e *examination) clockTold() []Row {
	rows, c := e.told("clock"), e.Snapshot.Clock
	good := []string{"synchronised"}
	for _, one := range c.Compared {
		switch {
		case one.Failed != "":
			rows = append(rows, noTime(one.Server, one.Failed))
		case !one.At.IsZero():
			good = append(good, fmt.Sprintf("%s: %+.3f s", one.Server, -one.Offset))
		}
	}
	return goodUnless(rows, strings.Join(good, ", "))
}

func noTime(server, why string) Row {
	return Row{State: Look, Code: "clock.no_answer", Place: server, Text: why, Next: "is the time server on, and is UDP port 123 open to the box? else correct clock.compare_with"}
}

// goodUnless is a good row where there is no other.
func goodUnless(rows []Row, text string) []Row {
	if len(rows) > 0 {
		return rows
	}
	return []Row{{State: Good, Text: text}}
}
