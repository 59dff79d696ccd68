package main

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"sitepost/config"
	"sitepost/devices/camera/find"
)

// adopt writes the new cameras, or those at the addresses, into the site file.
func (d *discovery) adopt(ctx context.Context, all []find.Finding, addresses []string) error {
	chosen, err := choose(all, addresses)
	if err != nil {
		return err
	}
	if len(chosen) == 0 {
		return d.tell("nothing new: %s stays as it is", d.config)
	}
	if d.login, err = only("login", d.login, names(d.site.Logins, func(l config.Login) string { return l.Name })); err != nil {
		return err
	}
	if d.zone, err = only("zone", d.zone, names(d.site.Zones, func(z config.Zone) string { return z.Name })); err != nil {
		return err
	}
	file, err := openSite(d.config)
	if err != nil {
		return err
	}
	text, written := d.appended(file.text, chosen, all)
	fmt.Fprint(d.stderr, d.difference(side{d.config, file.text}, side{d.config, text}))
	backup, err := d.amend(file, text)
	if err != nil {
		return err
	}
	if err := d.tell("wrote %s into %s; as it was before: %s", strings.Join(written, ", "), d.config, backup); err != nil {
		return err
	}
	if d.reload {
		return d.force(ctx, text)
	}
	return d.tell("next: fill in zone, title and code there, then `sitepost check --config %s`, then `sitepost reload`", d.config)
}

// choose returns the new cameras, or those at the addresses. A person who types
// the address of a suspected one has looked at it.
func choose(all []find.Finding, addresses []string) (chosen []find.Finding, err error) {
	if len(addresses) == 0 {
		return slices.DeleteFunc(slices.Clone(all), func(f find.Finding) bool { return f.State != find.New }), nil
	}
	for _, a := range addresses {
		n := len(chosen)
		for _, f := range all {
			if f.Address != a && hostOf(f.Address) != a || slices.Contains(chosen, f) {
				continue
			}
			if f.Name != "" {
				return nil, fmt.Errorf("%s is camera %q of the site file already", a, f.Name)
			}
			chosen = append(chosen, f)
		}
		if len(chosen) == n {
			return nil, fmt.Errorf("no camera was found at %s, so nothing was written", a)
		}
	}
	return chosen, nil
}

func hostOf(address string) string {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return address
	}
	return at.Addr().String()
}

// only returns the name that was typed, or the only one there is.
func only(what, typed string, all []string) (string, error) {
	switch {
	case slices.Contains(all, typed):
		return typed, nil
	case len(all) == 0:
		return "", fmt.Errorf("the site file has no [[%s]]: write one first, for each camera needs it", what)
	case typed != "":
		return "", fmt.Errorf("there is no %s %q in the site file: choose --%s from %s", what, typed, what, strings.Join(all, ", "))
	case len(all) > 1:
		return "", fmt.Errorf("which %s do the new cameras get? choose --%s from %s", what, what, strings.Join(all, ", "))
	}
	return all[0], nil
}

func names[T any](all []T, name func(T) string) (list []string) {
	for _, one := range all {
		list = append(list, name(one))
	}
	return list
}

// appended returns the text with a table for each camera behind it, in the text's
// own line ends, and the names of the tables.
func (d *discovery) appended(text []byte, chosen, all []find.Finding) (longer []byte, written []string) {
	taken := takenNames(d.site)
	var tables strings.Builder
	if len(text) > 0 && text[len(text)-1] != '\n' {
		tables.WriteByte('\n')
	}
	for _, f := range chosen {
		name := nameFor(f, taken)
		taken[name] = true
		written = append(written, name)
		tables.WriteString(d.table(name, f, all))
	}
	added := tables.String()
	if bytes.Contains(text, []byte("\r\n")) {
		added = strings.ReplaceAll(added, "\n", "\r\n")
	}
	return append(slices.Clone(text), added...), written
}

// table is the [[camera]] of one found camera. What a camera tells of itself is
// written only where it can mean nothing else than itself.
func (d *discovery) table(name string, f find.Finding, all []find.Finding) string {
	var b strings.Builder
	line := func(text, comment string) { tableLine(&b, text, d.word(comment)) }
	b.WriteByte('\n')
	line("[[camera]]", strings.TrimSpace(d.words.Sprintf("found by `sitepost discover`: %s", visible(f.Vendor+" "+f.Model))))
	line(fmt.Sprintf("name = %q", name), "permanent once the site runs: change it now or never")
	line(`# title = "…"`, "what people call it")
	line(fmt.Sprintf("zone = %q", d.zone), "where it stands; change it if that is wrong")
	line(`# code = "…"`, "20 digits, given by the city; leave it out until then")
	line(fmt.Sprintf("host = %q", strings.TrimSuffix(f.Address, ":80")), "")
	if strings.HasPrefix(f.XAddr, "https:") {
		line("https = true", "it tells no other way")
	}
	if f.Endpoint != "" && isPlain(f.Endpoint) {
		line(fmt.Sprintf("endpoint = %q", asURI(f.Endpoint)), "")
	}
	if f.Serial != "" && isPlain(f.Serial) && !shared(f, all) {
		line(fmt.Sprintf("serial = %q", f.Serial), "")
	}
	line(fmt.Sprintf("login = %q", d.login), "")
	return b.String()
}

// asURI gives a bare UUID the form of an endpoint reference.
func asURI(endpoint string) string {
	if strings.Contains(endpoint, ":") {
		return endpoint
	}
	return "urn:uuid:" + endpoint
}

// shared says whether another camera tells the same serial, which is then none.
func shared(f find.Finding, all []find.Finding) bool {
	return slices.ContainsFunc(all, func(g find.Finding) bool { return g.Serial == f.Serial && g.Address != f.Address })
}

// isPlain holds for text that stands in quotes as it is.
func isPlain(text string) bool {
	return len(text) <= 256 && !strings.ContainsFunc(text, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || r == '"' || r == '\\'
	})
}

// visible is text as it may stand in a comment.
func visible(text string) string {
	text = strings.Map(func(r rune) rune {
		if r != ' ' && !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, text)
	return strings.TrimSpace(string([]rune(text)[:min(len([]rune(text)), 64)]))
}

// nameFor makes a name out of vendor, model and the end of the address, which is
// not yet taken: "hikvision-ds-2cd2042-11".
func nameFor(f find.Finding, taken map[string]bool) string {
	const longest = 32
	start := slug(f.Vendor + " " + f.Model)
	if start == "" {
		start = "camera"
	}
	ends := strings.FieldsFunc(hostOf(f.Address), func(r rune) bool { return r == '.' || r == ':' })
	end := ""
	for i := len(ends) - 1; i >= 0; i-- {
		end = "-" + ends[i] + end
		name := strings.TrimRight(start[:min(len(start), max(0, longest-len(end)))], "-") + end
		if !taken[name] && len(name) <= longest {
			return strings.TrimLeft(name, "-")
		}
	}
	for n := 2; ; n++ {
		if name := fmt.Sprintf("camera-%d", n); !taken[name] {
			return name
		}
	}
}

// slug keeps what a name may consist of.
func slug(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9')
	})
	return strings.Join(words, "-")
}
