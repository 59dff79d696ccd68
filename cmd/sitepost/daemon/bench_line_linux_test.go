package daemon_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sitepost/cmd/sitepost/daemon"
	"sitepost/config"
	"sitepost/devices"
	"sitepost/devices/instrument"
	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
	"sitepost/devices/virtual"
	"sitepost/uplink"
	"sitepost/uplink/mqtt/mqtttest"
)

const (
	benchSlaves = 8
	benchDead   = 2
	benchPoll   = time.Minute // one look at a line, from its start
	wantedRate  = 80          // per cent of the undisturbed rate that is left
	benchFrames = 300

	// benchDetectors share the frames: one alone would chatter, and above 30 edges a
	// minute be held back.
	benchDetectors = 12
)

// BenchmarkLines measures two things about lines and prints a table: what two
// dead slaves cost the six others, and how long the last byte of a frame takes
// from the tty to somebody in the city.
//
// The floor of the first is the same line with nobody dead; that of the second
// the time the frame itself takes on the wire, which a pty does not have.
func BenchmarkLines(b *testing.B) {
	before := loadAverage()
	for range b.N {
		quiet := benchRound(b, 0)
		harmed := benchRound(b, benchDead)
		ratio := 100 * harmed / quiet
		verdict := "met"
		if ratio < wantedRate {
			verdict = "MISSED"
		}
		fmt.Printf("\n%d slaves on one line, 9600 8N1, %d of them dead, %v each; load %s before\n", benchSlaves, benchDead, benchPoll, before)
		fmt.Printf("  %-36s %8.1f%% %11.2f/s %12.2f/s  aim ≥ %d %% %s\n", "answers of the six others", ratio, harmed, quiet, wantedRate, verdict)

		took := benchBytes(b)
		wire := line.Settings{Baud: 9600, DataBits: 8, Parity: 'N', StopBits: 1}.Wire(len(benchQuiet)).Seconds() * 1000
		fmt.Printf("\n%-38s %9s %14s %14s\n", "last byte on the pty to subscriber", "× wire", "ours", "wire")
		for _, q := range []struct {
			name string
			of   float64
		}{{"p50", 0.5}, {"p99", 0.99}} {
			got := quantile(took, q.of)
			fmt.Printf("  %-36s %9.2f %11.2f ms %11.2f ms\n", q.name, got/wire, got, wire)
		}
	}
}

// benchRound returns how many answers a second the first six slaves gave while
// so many of the others were dead from the beginning on. Slaves are asked as
// fast as the line lets them.
func benchRound(b *testing.B, dead int) float64 {
	b.Helper()
	p, err := instrument.Parse("slave", []byte(benchProfile))
	if err != nil {
		b.Fatal(err)
	}
	settings := line.Settings{Baud: 9600, DataBits: 8, Parity: 'N', StopBits: 1}
	var speakers []virtual.Speaker
	for n := range benchSlaves {
		slave := virtual.NewInstrument(p, n+1)
		slave.Dead(n >= benchSlaves-dead)
		speakers = append(speakers, slave)
	}
	path := filepath.Join(b.TempDir(), "bus")
	bus, err := virtual.OpenBus(path, settings, speakers...)
	if err != nil {
		b.Fatal(err)
	}
	defer bus.Close()
	ctx, cancel := context.WithTimeout(b.Context(), benchPoll)
	defer cancel()
	var answers atomic.Int64
	var running sync.WaitGroup
	l := line.New(line.Config{Name: "bus", Open: line.OpenTTY(path, settings), Settings: settings, Pause: 10 * time.Millisecond})
	running.Go(func() { _ = l.Run(ctx) })
	for n := range benchSlaves {
		d := instrument.New(instrument.Options{Line: l, Profile: p, Address: n + 1, Device: fmt.Sprint("slave-", n+1)})
		running.Go(func() {
			_ = d.Run(ctx, func(e devices.Event) error {
				if n < benchSlaves-benchDead && e.Code == devices.GasReading {
					answers.Add(1)
				}
				return nil
			})
		})
	}
	running.Wait()
	return float64(answers.Load()) / benchPoll.Seconds()
}

// benchProfile is a slave of ten registers that may always be asked.
const benchProfile = `
profile = "slave"
title = "a slave"
kind = "gas_detector"
source = "this benchmark"
trust = "documented"
settings = "9600 8N1"
silence = "30s"
[[modbus]]
ask = "holding"
from = 40001
count = 10
every = "10ms"
[read]
gas = {register = 40001, unit = "ppm"}
[[report]]
code = "gas.reading"
value = "gas"
[[try]]
registers = {40001 = [7, 0, 0, 0, 0, 0, 0, 0, 0, 0]}
gives = ["gas.reading 7 ppm"]
`

// A frame of the profile winsen-zp14 below its alarm point, and one above.
var (
	benchQuiet = []byte{0xFF, 0x01, 0x03, 0x00, 0x00, 0x2A, 0x13, 0x88, 0x37}
	benchGas   = []byte{0xFF, 0x01, 0x03, 0x00, 0x41, 0x2C, 0x13, 0x88, 0xF4}
)

// benchBytes returns for each of many frames how many milliseconds lay between
// its last byte on the pty and the arrival of its alarm, or of the alarm's end,
// in the city: through tarm/serial, the profile, ingest, the disk, the link and
// mosquitto.
func benchBytes(b *testing.B) []float64 {
	b.Helper()
	broker := mqtttest.Start(b)
	city := broker.Subscribe(b, uplink.Topic(benchSite, "#"))
	text := fmt.Sprintf(benchFile, filepath.Join(b.TempDir(), "store"), broker.Direct)
	var ptys []*linetest.Terminal
	for n := range benchDetectors {
		ptys = append(ptys, linetest.PTY(b))
		text += fmt.Sprintf(benchDetector, n, ptys[n].Path)
	}
	c, found := config.Parse("bench.toml", []byte(text), config.Env{Profiles: daemon.Shelf("")})
	if len(found.Errors()) > 0 {
		b.Fatal(found)
	}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- daemon.Run(ctx, daemon.Options{Config: c, Version: "bench"}) }()
	heard := 0
	say := func(n int, frame []byte, want string) float64 {
		began := time.Now()
		if _, err := ptys[n].Write(frame); err != nil {
			b.Fatal(err)
		}
		return benchAwait(b, city, &heard, fmt.Sprint("gas-", n), want).Sub(began).Seconds() * 1000
	}
	for n := range ptys { // what is said to a closed port is lost
		fromTheStart := 0
		benchAwait(b, city, &fromTheStart, fmt.Sprint("quay-", n), "online")
	}
	for n := range ptys {
		say(n, benchQuiet, "online")
	}
	var took []float64
	for i := range benchFrames / 2 {
		n := i % len(ptys)
		took = append(took, say(n, benchGas, "raised"), say(n, benchQuiet, "cleared"))
	}
	cancel()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
	return took[20:] // the first ones make everything warm
}

// benchAwait waits for the next message of a device whose state is as wanted: of
// its alarm, or its own.
func benchAwait(b *testing.B, city *mqtttest.Collector, heard *int, device, want string) (at time.Time) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 30*time.Second)
	defer cancel()
	err := city.Await(ctx, func(all []mqtttest.Message) bool {
		for ; *heard < len(all); *heard++ {
			m := all[*heard]
			var doc struct {
				State string
				Type  string
				Data  struct{ State string }
			}
			if !strings.HasSuffix(m.Topic, "/"+device) || json.Unmarshal(m.Payload, &doc) != nil {
				continue
			}
			if doc.State == want || doc.Type == "gas.alarm.own" && doc.Data.State == want {
				*heard++
				at = m.At
				return true
			}
		}
		return false
	})
	if err != nil {
		b.Fatalf("%q of %q did not arrive: %v", want, device, err)
	}
	return at
}

const benchFile = `
version = 1
[site]
name = "bench"
[store]
directory = %q
[uplink]
drain_start = "0s"
[[uplink.broker]]
name = "city"
url = %q
[[zone]]
name = "quay"
class = "quay"
`

const benchDetector = `
[[line]]
name = "quay-%[1]d"
port = %[2]q
settings = "9600 8N1"
[[instrument]]
name = "gas-%[1]d"
kind = "gas_detector"
zone = "quay"
profile = "winsen-zp14"
line = "quay-%[1]d"
`
