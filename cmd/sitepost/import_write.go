package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"sitepost/cmd/sitepost/points"
	"sitepost/config"
)

// at is the place of a camera in the site file: site.toml:45.
func (p *plan) at(c *config.Camera) string {
	return fmt.Sprintf("%s:%d", p.config, p.spots.Cameras[c.Name].Line)
}

// append puts everything into the patch: what known cameras lack below their names, new
// zones and cameras behind the end.
func (p *plan) append() {
	var tables strings.Builder
	for _, z := range p.zones {
		p.zoneTable(&tables, z)
	}
	for i := range p.changes {
		c := &p.changes[i]
		if !c.New {
			p.fillIn(c)
			continue
		}
		p.cameraTable(&tables, c)
	}
	if tables.Len() > 0 {
		p.patch.put(len(p.patch.text), 0, tables.String())
	}
}

// fillIn writes the missing keys of a camera: in the place of the empty line that
// discover left for them, or below the name.
func (p *plan) fillIn(c *change) {
	behind := p.spots.Cameras[c.Name].Behind
	for _, key := range c.Set {
		value := c.point.Code
		if key == "title" {
			value = c.point.Name
		}
		at, drop := emptyLine(p.patch.text, behind, key)
		p.patch.put(at, drop, fmt.Sprintf("%s = %s\n", key, quoted(value)))
	}
}

// emptyLine finds the line `# code = "…"` that discover wrote into a table; else the offset
// behind the name. It looks no further than a blank line, another table, or a value of
// several lines, in which such a line would be something else.
func emptyLine(text []byte, behind int, key string) (at, drop int) {
	mark := []byte("# " + key + ` = "…"`)
	at = behind
	for line := range bytes.Lines(text[behind:]) {
		if len(bytes.TrimSpace(line)) == 0 || bytes.Contains(line, []byte("[")) || bytes.Contains(line, []byte(`"""`)) || bytes.Contains(line, []byte("'''")) {
			break
		}
		if bytes.HasPrefix(line, mark) {
			return at, len(line)
		}
		at += len(line)
	}
	return behind, 0
}

func (p *plan) zoneTable(b *strings.Builder, z newZone) {
	b.WriteByte('\n')
	tableLine(b, "[[zone]]", p.words.Sprintf("by `sitepost import`"))
	tableLine(b, "name = "+quoted(z.Name), p.words.Sprintf("permanent once the site runs: change it now or never"))
	tableLine(b, "title = "+quoted(z.Title), "")
	tableLine(b, `class = "unknown"`, p.words.Sprintf("what kind of place it is: `sitepost check` lists the words"))
}

// cameraTable is the [[camera]] of a new point. What has no key of its own is a comment.
func (p *plan) cameraTable(b *strings.Builder, c *change) {
	key := func(name, value, comment string) {
		if value != "" {
			c.Set = append(c.Set, name)
			tableLine(b, name+" = "+quoted(value), comment)
		}
	}
	b.WriteByte('\n')
	tableLine(b, "[[camera]]", p.words.Sprintf("by `sitepost import`: row %d of %s", c.Row, visible(filepath.Base(p.table.Name()))))
	key("name", c.Name, p.words.Sprintf("permanent once the site runs: change it now or never"))
	key("title", c.point.Name, "")
	key("zone", c.where.zone, "")
	key("code", c.point.Code, "")
	if key("recorder", c.where.recorder, ""); c.where.recorder != "" {
		c.Set = append(c.Set, "channel")
		tableLine(b, fmt.Sprintf("channel = %d", c.point.Channel), "")
	} else {
		key("host", c.point.Host, "")
		key("login", c.where.login, "")
		key("serial", c.point.Serial, "")
	}
	p.remarks(b, c.point)
}

// remarks are what the table says of a point and the site file has no key for.
func (p *plan) remarks(b *strings.Builder, point points.Point) {
	remark := func(format string, args ...any) { b.WriteString("# " + p.words.Sprintf(format, args...) + "\n") }
	if point.Place != "" {
		remark("stands at: %s", point.Place)
	}
	if point.MAC != "" {
		remark("MAC: %s", point.MAC)
	}
	if point.Longitude != 0 && p.table.System != "" {
		remark("longitude %.6f, latitude %.6f (%s)", point.Longitude, point.Latitude, p.table.System)
	}
}

// tableLine writes a line of a table, with a comment where there is one.
func tableLine(b *strings.Builder, text, comment string) {
	if comment != "" {
		text = fmt.Sprintf("%-45s # %s", text, comment)
	}
	b.WriteString(text + "\n")
}

// quoted is text as TOML has it in quotes. It holds nothing that cannot be seen.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
