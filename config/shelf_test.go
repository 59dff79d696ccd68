package config

import (
	"errors"
	"slices"
	"time"

	"sitepost/devices"
)

// shelf is a few profiles as the instrument room would tell of them: eight
// shipped ones, some of the site's own and one with mistakes.
type shelf struct{}

func (shelf) Names() []string {
	return []string{
		"adam-4050", "broken", "ceia-02pn20", "contacts-8", "em4100-ascii", "gate-7e7f", "honeywell-xcd", "idcard-sam",
		"own-any", "own-arch", "own-current", "own-panel", "own-several", "own-toxic", "winsen-zp14",
	}
}

func (s shelf) Lookup(name string) (ProfileFacts, error) {
	f := ProfileFacts{Kind: devices.CardReader, Trust: "documented", Settings: "9600 8N1"}
	switch name {
	case "adam-4050":
		f.Kind, f.Addressed, f.Inputs = devices.Contacts, true, []string{"DI0", "DI1", "DI2", "DI3", "DI4", "DI5", "DI6"}
		f.Questions = []Question{{[]byte("$016\r"), "'$' {address:hex2} '6' 0D", 8, 200 * time.Millisecond, 100 * time.Millisecond}}
	case "ceia-02pn20":
		f.Kind, f.Trust = devices.MetalDetectorGate, "guessed"
		f.Questions = []Question{{[]byte("AC\r"), "'AC' 0D", 64, 5 * time.Second, time.Second}}
	case "contacts-8":
		f.Kind, f.Modbus, f.Silence, f.Inputs = devices.Contacts, true, 3*time.Second, []string{"1", "2", "3", "4", "5", "6", "7", "8"}
		f.Questions = []Question{{[]byte{1, 2, 0, 0, 0, 8, 0x79, 0xCC}, "", 6, 100 * time.Millisecond, 300 * time.Millisecond}}
	case "gate-7e7f":
		f.Kind, f.Trust, f.Settings, f.Addressed, f.Points = devices.Gate, "observed", "19200 8N1", true, []string{"left", "right"}
		f.Questions = []Question{{[]byte{0x7E, 0, 1, 0x10, 0, 0, 0, 0x70}, "7E 00 {address} 10 00 00 00 {not8}", 18, 250 * time.Millisecond, 200 * time.Millisecond}}
	case "honeywell-xcd":
		f.Kind, f.Modbus, f.Silence = devices.GasDetector, true, 10*time.Second
		f.Codes, f.GasUnits = []devices.Code{devices.GasAlarmHigh, devices.GasAlarmLow, devices.GasReading}, []string{"%LEL", "ppm"}
		f.Questions = []Question{{[]byte{1, 3, 0, 2, 0, 9, 0x25, 0xCC}, "", 23, time.Second, 300 * time.Millisecond}}
	case "idcard-sam":
		f.Settings = "115200 8N1"
		f.Questions = []Question{{[]byte("\xAA\xAA\xAA\x96\x69\x00\x03\x20\x01\x22"), "AA AA AA 96 69 00 03 20 01 22", 15, 500 * time.Millisecond, 400 * time.Millisecond}}
	case "own-arch":
		f.Kind, f.SiteOwn = devices.MetalDetectorGate, true
		f.Questions = []Question{{[]byte("AC\r"), "'AC' 0D", 64, 5 * time.Second, time.Second}}
	case "winsen-zp14":
		f.Kind, f.Codes, f.GasUnits = devices.GasDetector, []devices.Code{"gas.alarm.own", devices.GasReading}, []string{"ppm"}
	case "own-panel":
		f.Kind, f.Modbus, f.Channels, f.SiteOwn = devices.GasDetector, true, 16, true
		f.Codes, f.GasUnits = []devices.Code{devices.GasReading}, []string{"%LEL"}
		f.Questions = []Question{{[]byte{1, 3, 0, 0, 0, 2, 0xC4, 0x0B}, "", 9, time.Second, 300 * time.Millisecond}}
	case "own-current":
		f.Kind, f.Modbus, f.Span, f.SiteOwn = devices.GasDetector, true, true, true
		f.Codes = []devices.Code{devices.GasReading}
		f.Questions = []Question{{[]byte{1, 4, 0, 0, 0, 1, 0x31, 0xCA}, "", 7, time.Second, 300 * time.Millisecond}}
	case "own-any":
		f.Kind, f.SiteOwn = devices.GasDetector, true
		f.Codes = []devices.Code{devices.GasReading}
	case "own-several":
		f.Kind, f.SiteOwn = devices.GasDetector, true
		f.Codes, f.GasUnits = []devices.Code{devices.GasReading}, []string{"%LEL", "ppm"}
	case "own-toxic":
		f.Kind, f.Modbus, f.SiteOwn = devices.GasDetector, true, true
		f.Codes, f.GasUnits = []devices.Code{devices.GasReading}, []string{"ppm"}
		f.Questions = []Question{{[]byte{1, 4, 0, 0, 0, 1, 0x31, 0xCA}, "", 7, time.Second, 300 * time.Millisecond}}
	case "em4100-ascii":
	case "broken":
		return f, errors.New("broken.toml:3:1: missing [frame]: write how bytes become frames\nbroken.toml:9:1: …")
	default:
		if !slices.Contains(s.Names(), name) {
			return f, errors.New("asked for a profile that is not on the shelf")
		}
	}
	return f, nil
}
