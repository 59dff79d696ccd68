package main

import (
	"encoding"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/doctor"
	"sitepost/cmd/sitepost/status"
	"sitepost/config"
)

// keysOf lists the JSON keys of a type, "findings.next_step".
func keysOf(t reflect.Type, before string) (all []string) {
	for slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Map, reflect.Array}, t.Kind()) {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) { // a time is a text
		return nil
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			all = append(all, keysOf(f.Type, before)...)
		case !f.IsExported(), name == "-":
		default:
			if name == "" {
				name = f.Name
			}
			all = append(append(all, before+name), keysOf(f.Type, before+name+".")...)
		}
	}
	return all
}

// TestKeysStay: each key of what tools print as JSON is in snake_case, and none that was
// there goes: somebody's script reads it. New ones are noted with -update.
func TestKeysStay(t *testing.T) {
	var now []string
	for name, doc := range map[string]any{
		"status": status.Snapshot{}, "status DEVICE": status.View{}, "doctor": doctor.Report{}, "events": control.Event{}, "explain": explained{},
		"retire": control.Retiring{}, "reload": control.Reloaded{}, "maintain": control.Maintenance{}, "test": control.Stage{}, "cameras": control.Camera{},
		"check": config.Finding{}, "host.json": machineFacts{},
	} {
		now = append(now, keysOf(reflect.TypeOf(doc), name+": ")...)
	}
	slices.Sort(now)
	snake := regexp.MustCompile(`^[a-z.A-Z ]+: [a-z0-9_.]+$`)
	for _, key := range now {
		if !snake.MatchString(key) {
			t.Errorf("%s is not in snake_case", key)
		}
	}
	const golden = "testdata/keys.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(strings.Join(now, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if !slices.Contains(now, key) {
			t.Errorf("%s is gone", key)
		}
	}
	if n := strings.Count(string(text), "\n"); n != len(now) {
		t.Errorf("%d keys are noted, and there are %d: -update notes the new ones", n, len(now))
	}
}
