package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"sitepost/cmd/sitepost/words"
	"sitepost/devices/camera/find"
)

// print lists what was found: a row each and, below it, what is to be said of it.
func (d *discovery) print(all []find.Finding) error {
	if d.json {
		return json.NewEncoder(d.stdout).Encode(append([]find.Finding{}, all...))
	}
	table := [][]string{d.heads("state", "name", "address", "access", "vendor", "model", "serial", "endpoint")}
	for _, f := range all {
		table = append(table, []string{d.word(f.State), cmp.Or(f.Name, "-"), f.Address, d.words.Translate(f.Access), f.Vendor, f.Model, f.Serial, f.Endpoint})
	}
	var out strings.Builder
	n := -1 // the first line is the heading
	for row := range strings.Lines(words.Columns(table)) {
		out.WriteString(row)
		if n >= 0 && all[n].Why != "" {
			fmt.Fprintf(&out, "    %s\n", d.words.Translate(all[n].Why))
		}
		n++
	}
	fmt.Fprintln(&out, d.counted(all))
	_, err := fmt.Fprint(d.stdout, out.String())
	return err
}

// counted says how many of each kind were found.
func (d *discovery) counted(all []find.Finding) string {
	count := map[string]int{}
	for _, f := range all {
		count[f.State]++
	}
	var kinds []string
	for _, state := range []string{find.New, find.Recalled, find.Moved, find.Refused, find.Suspected} {
		if count[state] > 0 {
			kinds = append(kinds, d.words.Sprintf("%d %s", count[state], d.word(state)))
		}
	}
	if len(kinds) == 0 {
		return d.words.Sprintf("%d found", len(all))
	}
	return d.words.Sprintf("%d found: %s", len(all), strings.Join(kinds, d.words.Sprintf(", ")))
}
