package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sitepost/cmd/sitepost/causes"
	"sitepost/cmd/sitepost/words"
	"sitepost/devices"
	notes "sitepost/firmware-notes"
)

// explainCommand says what a code means, or what is known of an instrument family. It
// needs neither a network nor the daemon.
func explainCommand(t *tool) *cobra.Command {
	return &cobra.Command{
		Use:   "explain [CODE|NAME]",
		Short: "say what a code means and what to do, or print the firmware note of an instrument",
		Long: `explain says of a code, as status, doctor and events --json show it, what it means, what
usually causes it and what to do; of a code that goes to the city also how it is told there.

Of a family of devices it prints what is known and how it is known: wiring, factory
settings, what it says, quirks by firmware, and where that is from. NAME is that of a
profile, or

  onvif   cameras and recorders: login, events and what each topic means
  rtsp    their streams: how often they are looked at, what each condition means,
          what to set in the camera
  osdp    card readers on OSDP

Without a name it lists all codes and notes. No network is needed.`,
		Example: `  sitepost explain city.away
  sitepost explain gas.alarm.high
  sitepost explain winsen-zp14`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return t.listExplained()
			}
			return t.explain(args[0])
		},
	}
}

// explain says one code, or prints one note.
func (t *tool) explain(name string) error {
	if e, known := causes.Of(name); known {
		return t.explainCode(e)
	}
	text, known := notes.Read(name)
	if !known {
		err := noSuch("code or note", name, append(causes.Names(), notes.Names()...))
		return fmt.Errorf("%w (`sitepost explain` lists all)", err)
	}
	_, err := fmt.Fprint(t.stdout, text)
	return err
}

// An explained is a code as tools get it.
type explained struct {
	Code     string           `json:"code"`
	Title    string           `json:"title"`
	Means    string           `json:"means"`
	Cause    string           `json:"cause,omitempty"`
	Next     string           `json:"next_step,omitempty"`
	Form     devices.Form     `json:"form,omitempty"` // of a code that goes to the city; the rest too
	Lane     devices.Lane     `json:"lane,omitempty"`
	Severity devices.Severity `json:"severity,omitempty"`
	Priority int              `json:"gb28181_alarm_priority,omitempty"`
	Method   int              `json:"gb28181_alarm_method,omitempty"`
	Type     int              `json:"gb28181_alarm_type,omitempty"`
}

func (t *tool) explainCode(e causes.Entry) error {
	say := e.English
	if t.words.Language() == words.Chinese {
		say = e.Chinese
	}
	x := explained{Code: e.Code, Title: say.Title, Means: say.Means, Cause: say.Cause, Next: say.Next}
	m, told := devices.Code(e.Code).Meaning()
	if told {
		x.Form, x.Lane, x.Severity = m.Form, m.Form.Lane(), m.Severity
		x.Priority, x.Method, x.Type = m.Severity.AlarmPriority(), m.Method, m.Type
	}
	if t.json {
		text, err := indented(x)
		if err == nil {
			_, err = fmt.Fprint(t.stdout, text)
		}
		return err
	}
	rows := [][]string{{x.Code, x.Title}}
	for _, row := range [][2]string{{"means", x.Means}, {"cause", x.Cause}, {"what to do", x.Next}} {
		if row[1] != "" {
			rows = append(rows, []string{t.words.Translate(row[0]), row[1]})
		}
	}
	if told {
		rows = append(rows,
			[]string{t.words.Translate("told as"), t.words.Sprintf("%s, lane %s, severity %s", t.words.Translate(string(x.Form)), t.words.Translate(string(x.Lane)), t.words.Translate(string(x.Severity)))},
			[]string{"GB/T 28181", t.gb28181(x)})
	}
	_, err := fmt.Fprint(t.stdout, words.Columns(rows))
	return err
}

// gb28181 is how the code is told in the standard's own words.
func (t *tool) gb28181(x explained) string {
	if x.Method == 0 {
		return t.words.Sprintf("no mapping")
	}
	text := fmt.Sprintf("AlarmPriority %d, AlarmMethod %d", x.Priority, x.Method)
	if x.Type > 0 {
		text += fmt.Sprintf(", AlarmType %d", x.Type)
	}
	return text
}

// listExplained lists everything that can be explained.
func (t *tool) listExplained() error {
	if t.json {
		text, err := indented(map[string][]string{"codes": causes.Names(), "notes": notes.Names()})
		if err == nil {
			_, err = fmt.Fprint(t.stdout, text)
		}
		return err
	}
	var rows [][]string
	for _, e := range causes.All() {
		title := e.English.Title
		if t.words.Language() == words.Chinese {
			title = e.Chinese.Title
		}
		rows = append(rows, []string{"  " + e.Code, title})
	}
	list := t.words.Sprintf("codes:\n") + words.Columns(rows) + t.words.Sprintf("notes:\n")
	for chunk := range slices.Chunk(notes.Names(), 5) {
		list += "  " + strings.Join(chunk, "  ") + "\n"
	}
	_, err := fmt.Fprint(t.stdout, list)
	return err
}
