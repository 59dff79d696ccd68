package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"sitepost/cmd/sitepost/bundle"
	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/doctor"
	"sitepost/config"
)

// writeBundle packs what a person needs who cannot come, and shows the list.
func (v *visit) writeBundle(ctx context.Context, report doctor.Report) error {
	scrub := bundle.NewScrubber(v.secrets())
	parts := v.parts(ctx, report)
	for i := range parts {
		if parts[i].Text != nil {
			parts[i].Text = scrub.Clean(parts[i].Text)
		}
		parts[i].Why = v.words.Translate(string(scrub.Clean([]byte(parts[i].Why))))
	}
	list, err := bundle.Write(v.bundle, parts, report.Time)
	if err != nil {
		return err
	}
	out := v.stdout
	if v.json {
		out = v.stderr // the document stands alone
	}
	_, err = fmt.Fprint(out, "\n", v.words.Sprintf("%s: written, without passwords, keys, users and card numbers. In it are:\n", v.bundle), list)
	return err
}

// secrets reads all that the site file refers to, as far as this user may, to be sure
// that none of it gets into the bundle.
func (v *visit) secrets() (all []string) {
	if v.site == nil {
		return nil
	}
	for _, place := range v.site.Secrets() {
		if secret, err := place.Read(); err == nil {
			all = append(all, secret.Reveal())
		}
	}
	return all
}

// parts are the files of a bundle. One that cannot be had says why in the list.
func (v *visit) parts(ctx context.Context, report doctor.Report) []bundle.Part {
	door := control.Client{Path: v.control}
	return []bundle.Part{
		document("doctor.json", report),
		{Name: "doctor.txt", Text: []byte(report.Words(doctor.Style{}))},
		v.statusPart(),
		part("metrics.txt", func() ([]byte, error) { return door.Text(ctx, "/metrics", bundle.MostOfPart) }),
		eventsPart(ctx, door),
		v.sitePart(),
		part("config-history.txt", func() ([]byte, error) { return v.folder("config-history") }),
		part("store-files.txt", func() ([]byte, error) { return v.folder("") }),
		part("version.txt", builtFrom),
		part("host.json", func() ([]byte, error) { return json.MarshalIndent(v.hostFacts(), "", "  ") }),
	}
}

// recordsWithin is how long the records may take.
const recordsWithin = 20 * time.Second

// eventsPart are the newest records, one in a line, the newest last. Where they are too
// many it is the oldest that stay here: what went wrong stands at the end.
func eventsPart(ctx context.Context, door control.Client) bundle.Part {
	ctx, cancel := context.WithTimeout(ctx, recordsWithin)
	defer cancel()
	p := bundle.Part{Name: "events.jsonl"}
	var rows [][]byte
	size := 0
	err := door.Events(ctx, control.EventsAsked{Most: control.MostEvents}, func(e control.Event) error {
		row, err := json.Marshal(e)
		rows, size = append(rows, append(row, '\n')), size+len(row)+1
		return err
	})
	switch {
	case err != nil && rows == nil:
		p.Why = "not there: " + err.Error()
		return p
	case err != nil:
		p.Why = "cut: " + err.Error()
	}
	left := 0 // out
	for ; size > bundle.MostOfPart; left++ {
		size -= len(rows[left])
	}
	if left > 0 {
		p.Why = fmt.Sprintf("cut: the oldest %d of %d records are left out", left, len(rows))
	}
	p.Text = bytes.Join(rows[left:], nil)
	return p
}

// partWithin is how long one part may take. A disk that hangs, of which the bundle is to
// tell, lets nobody return.
const partWithin = 15 * time.Second

// part is one that may fail, or never come.
func part(name string, read func() ([]byte, error)) bundle.Part {
	came := make(chan bundle.Part, 1) // who is late finds nobody, and does not wait
	go func() {
		text, err := read()
		if err != nil {
			came <- bundle.Part{Name: name, Why: "not there: " + err.Error()}
			return
		}
		came <- bundle.Part{Name: name, Text: text}
	}()
	select {
	case p := <-came:
		return p
	case <-time.After(partWithin):
		return bundle.Part{Name: name, Why: "not there: it did not come in time"}
	}
}

func document(name string, doc any) bundle.Part {
	return part(name, func() ([]byte, error) { return json.MarshalIndent(doc, "", "  ") })
}

func (v *visit) statusPart() bundle.Part {
	if v.snap == nil {
		return bundle.Part{Name: "status.json", Why: "not there: no sitepost answers"}
	}
	return document("status.json", v.snap)
}

// sitePart is the site file without users and comments, if it is a good one: in a bad
// one a password may stand anywhere, so that only its mistakes are told.
func (v *visit) sitePart() bundle.Part {
	if v.site == nil {
		mistakes := v.found.Errors()
		for i := range mistakes {
			mistakes[i].Drawing = "" // the line as it was written
		}
		return document("site-mistakes.json", mistakes)
	}
	return part("site.toml", func() ([]byte, error) {
		text, err := readSome(v.site.Path)
		if err != nil {
			return nil, err
		}
		if c, _ := config.Parse(v.site.Path, text, v.env()); c == nil || c.Hash != v.site.Hash {
			return nil, errors.New("it was changed meanwhile")
		}
		return bundle.SiteFile(text), nil
	})
}

func readSome(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, bundle.MostOfPart))
}

// folder lists what lies in the store, or in one folder of it.
func (v *visit) folder(name string) ([]byte, error) {
	if v.site == nil {
		return nil, errors.New("the site file cannot be used")
	}
	root, err := os.OpenRoot(v.site.Store.Directory)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if i, err := root.Lstat(filepath.Join(".", name)); err != nil || !i.IsDir() {
		return nil, errors.Join(fmt.Errorf("%q is no folder", name), err)
	}
	return bundle.Folder(filepath.Join(v.site.Store.Directory, name))
}

// builtFrom says what this program was made of.
func builtFrom() ([]byte, error) {
	text := "sitepost " + version() + "\n"
	if info, ok := debug.ReadBuildInfo(); ok {
		text += info.String()
	}
	return []byte(text), nil
}

// A machineFacts is what is told of the host.
type machineFacts struct {
	Kernel     string             `json:"kernel"`
	Uptime     string             `json:"uptime"`
	Memory     []string           `json:"memory"`
	Disk       doctor.Space       `json:"disk"`
	Interfaces []doctor.Interface `json:"interfaces"`
	Time       time.Time          `json:"time"`
}

func (v *visit) hostFacts() machineFacts {
	m := doctor.Here(nil, nil)
	facts := machineFacts{Kernel: m.Word("proc/version"), Uptime: m.Word("proc/uptime"), Time: m.Wall()}
	for row := range strings.Lines(m.Word("proc/meminfo")) {
		if strings.HasPrefix(row, "Mem") || strings.HasPrefix(row, "Swap") {
			facts.Memory = append(facts.Memory, strings.TrimSpace(row))
		}
	}
	if v.site != nil {
		facts.Disk, _ = m.Space(v.site.Store.Directory) // zero: not known
	}
	facts.Interfaces, _ = m.Interfaces()
	return facts
}
