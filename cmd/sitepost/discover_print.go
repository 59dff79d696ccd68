package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"sitepost/devices/camera/find"
)

// print lists what was found: a row each and, below it, what is to be said of it.
func (d *discovery) print(all []find.Finding) error {
	if d.json {
		return json.NewEncoder(d.stdout).Encode(append([]find.Finding{}, all...))
	}
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "state\tname\taddress\taccess\tvendor\tmodel\tserial\tendpoint")
	for _, f := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.State, cmp.Or(f.Name, "-"), f.Address, f.Access, f.Vendor, f.Model, f.Serial, f.Endpoint)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	var out strings.Builder
	n := -1 // the first line is the heading
	for row := range strings.Lines(table.String()) {
		out.WriteString(row)
		if n >= 0 && all[n].Why != "" {
			fmt.Fprintf(&out, "    %s\n", all[n].Why)
		}
		n++
	}
	fmt.Fprintln(&out, counted(all))
	_, err := fmt.Fprint(d.stdout, out.String())
	return err
}

// counted says how many of each kind were found, and what to do about new ones.
func counted(all []find.Finding) string {
	count := map[string]int{}
	for _, f := range all {
		count[f.State]++
	}
	said := fmt.Sprintf("%d found", len(all))
	sep := ": "
	for _, state := range []string{find.New, find.Recalled, find.Moved, find.Refused, find.Suspected} {
		if count[state] > 0 {
			said += fmt.Sprintf("%s%d %s", sep, count[state], state)
			sep = ", "
		}
	}
	return said
}
