package daemon_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/daemon"
	"sitepost/config"
	"sitepost/devices/camera/cameratest"
	"sitepost/devices/line"
	"sitepost/devices/virtual"
	"sitepost/uplink/mqtt/mqtttest"
)

// A reloader changes the site file of a stand and asks its daemon to go over to it.
type reloader struct {
	*stand
	text   string // of the site file in the beginning
	tool   control.Client
	mu     sync.Mutex // guards opened
	opened map[string]int
}

// newReloader is newStand, with the openings of its lines counted.
func newReloader(t *testing.T, s *stand) *reloader {
	t.Helper()
	text, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	r := &reloader{stand: s, text: string(text), tool: control.Client{Path: s.control}, opened: map[string]int{}}
	s.open = func(c config.Line) line.Opener {
		open := daemon.OpenLine(c)
		return func(ctx context.Context) (line.Port, error) {
			r.mu.Lock()
			r.opened[c.Name]++
			r.mu.Unlock()
			return open(ctx)
		}
	}
	return r
}

// with is the site file with some words instead of others; each must stand there once.
func (r *reloader) with(pairs ...string) string {
	r.t.Helper()
	text := r.text
	for i := 0; i < len(pairs); i += 2 {
		if strings.Count(text, pairs[i]) != 1 {
			r.t.Fatalf("%q stands %d times in the site file", pairs[i], strings.Count(text, pairs[i]))
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

// reload goes over to a text.
func (r *reloader) reload(text string) control.Reloaded {
	r.t.Helper()
	r.write(r.path, []byte(text))
	done, err := r.tool.Reload(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return done
}

// force is reload of a text that is good.
func (r *reloader) force(text string) []string {
	r.t.Helper()
	done := r.reload(text)
	if !done.Accepted {
		r.t.Fatalf("refused:\n%s", done.Findings)
	}
	return done.Changed
}

// without is the site file without the table that begins with this and goes to the
// next one.
func (r *reloader) without(begin string) string {
	r.t.Helper()
	at := strings.Index(r.text, begin)
	if at < 0 {
		r.t.Fatalf("%q does not stand in the site file", begin)
	}
	rest := r.text[at+len(begin):]
	end := strings.Index(rest, "\n[[instrument]]\n")
	if end < 0 {
		return r.text[:at]
	}
	return r.text[:at] + rest[end+1:]
}

// card is one of many.
func card(n int) string { return fmt.Sprintf("%010X", 0x6200000000+n) }

// TestReloadLosesNothing promises that a reader on a real port that goes on speaking
// while its neighbours are begun anew, taken out and put in again is heard without a
// gap: the port stays open, and every card arrives, once, in order. So does an alarm
// of a device that is begun anew itself.
func TestReloadLosesNothing(t *testing.T) {
	r := newReloader(t, newStand(t, ""))
	stop := r.run()
	r.settle("gas-1", "panic-1", "gate-1")
	if err := poll("the readers' line", func() bool { r.mu.Lock(); defer r.mu.Unlock(); return r.opened["cards"] == 1 }); err != nil {
		t.Fatal(err)
	}
	time.Sleep(held) // until then a line is not known to be open
	const cards = 150
	var speaking sync.WaitGroup
	speaking.Go(func() {
		for n := range cards {
			if err := show("door-1", card(n))(r.stand); err != nil {
				t.Error(err)
			}
			time.Sleep(30 * time.Millisecond) // the reader's own pace
		}
	})
	want := []said{}
	for n := range 6 {
		if err := contact("panic-1", "4", n%2 == 0)(r.stand); err != nil {
			t.Fatal(err)
		}
		state := raised("panic.pressed")
		if n%2 == 1 {
			state = cleared("panic.pressed")
		}
		want = append(want, on("panic-1", state))
		r.force(r.with("address = 2", fmt.Sprintf("address = 2\nsilence = \"%ds\"", 60+n)))
		r.force(r.without("[[instrument]]\nname = \"gas-2\""))
		r.force(r.with("line = \"bus-a\"\naddress = 1\n", fmt.Sprintf("line = \"bus-a\"\naddress = 1\nsilence = \"%ds\"\n", 60+n), "title = \"检票闸机1\"", fmt.Sprintf("title = \"%d\"", n)))
		r.must("of the button", func(b *book) bool { return len(b.lists()["panic-1 alarm"]) == n+1 })
	}
	speaking.Wait()
	r.should("all cards", func(b *book) bool { return len(b.lists()["door-1 event"]) >= cards })
	stop()
	r.should("the box stop", stopped)
	var shown []said
	for n := range cards {
		shown = append(shown, on("door-1", carded(card(n))))
	}
	if got := r.book.lists()["door-1 event"]; !slices.Equal(got, shown) {
		t.Errorf("cards: got %d, want %d in order", len(got), cards)
	}
	if got := r.book.lists()["panic-1 alarm"]; !slices.Equal(got, want) {
		t.Errorf("the button: got %v, want %v", got, want)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.opened["cards"] != 1 || r.opened["bus-a"] != 1 {
		t.Errorf("ports were opened %v, want cards and bus-a once", r.opened)
	}
	r.book.audit(t)
}

// TestReloadsAtOnce promises that reloads which are asked for at once come one after
// the other, and that the last file is in force.
func TestReloadsAtOnce(t *testing.T) {
	r := newReloader(t, newStand(t, ""))
	stop := r.run()
	r.settle("gas-1")
	r.write(r.path, []byte(r.with("address = 2", "address = 2\nsilence = \"99s\"")))
	changes := make(chan []string, 8)
	var asking sync.WaitGroup
	for range cap(changes) {
		asking.Go(func() {
			done, err := r.tool.Reload(t.Context())
			if err != nil || !done.Accepted {
				t.Errorf("got %+v, %v", done, err)
			}
			changes <- done.Changed
		})
	}
	asking.Wait()
	close(changes)
	changed := 0
	for c := range changes {
		if len(c) > 0 {
			changed++
		}
	}
	if changed != 1 {
		t.Errorf("the same file changed something %d times, want once", changed)
	}
	stop()
}

// TestReloadBroker promises that a site which goes over from one broker to another
// loses nothing by it: between the two everything is there, and the first one knows
// that the box has left.
func TestReloadBroker(t *testing.T) {
	r := newReloader(t, newStand(t, ""))
	other := mqtttest.Start(t)
	there := other.Subscribe(t, topicOf("#"))
	stop := r.run()
	r.settle("panic-1")
	r.must("the box", func(b *book) bool { return b.state("state") == "up" })
	moved := make(chan struct{})
	go func() {
		defer close(moved)
		r.force(r.with(r.broker.URL, other.URL))
	}()
	const presses = 12
	for n := range presses {
		if err := contact("panic-1", "4", n%2 == 0)(r.stand); err != nil {
			t.Fatal(err)
		}
		if err := r.asked("panic-1", 3); err != nil {
			t.Fatal(err)
		}
	}
	<-moved
	r.must("that the box has left", stopped)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	alarms := func(all []mqtttest.Message) (n int) {
		for _, m := range all {
			if m.Topic == topicOf("alarm/panic-1") {
				n++
			}
		}
		return n
	}
	before := alarms(r.city.Messages())
	if err := there.Await(ctx, func(all []mqtttest.Message) bool { return before+alarms(all) >= presses }); err != nil {
		t.Fatalf("got %d alarms before and %d after, want %d", before, alarms(there.Messages()), presses)
	}
	stop()
	whole := newBook(t)
	whole.read(append(r.city.Messages(), there.Messages()...))
	if got := len(whole.lists()["panic-1 alarm"]); got != presses {
		t.Errorf("got %d alarms, want %d", got, presses)
	}
	whole.audit(t)
}

// A weight is what a process holds.
type weight struct {
	goroutines, files int
	heap              uint64
}

// weigh waits until what is ending has ended: the weight is that of rest.
func weigh(t *testing.T) (w weight) {
	t.Helper()
	w.goroutines = 1 << 30
	for range 40 {
		time.Sleep(50 * time.Millisecond)
		w.goroutines = min(w.goroutines, runtime.NumGoroutine())
	}
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	w.heap = m.HeapAlloc
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	w.files = len(files)
	return w
}

// TestThousandReloads promises that a thousand reloads, each tenth of a bad file, leave
// nothing behind, and that the site always runs with the last good file. Security row
// 10; answers complaint 34.
func TestThousandReloads(t *testing.T) {
	reloads := 1000
	if testing.Short() {
		reloads = 200
	}
	const warmUp = 50
	c, err := virtual.ServeCamera(virtual.CameraOptions{
		ONVIF: cameratest.Options{
			Interface: "lo", HTTP: "127.0.0.32:0", Endpoint: "urn:uuid:00000000-0000-4000-8000-000000000032",
			Vendor: "virtual", Model: "V-1", Serial: "0A32", Firmware: "1.0", User: "onvif", Password: cameraPassword, Auth: "digest",
		},
		RTSP: virtual.RTSPOptions{User: "onvif", Password: cameraPassword},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	s := newStand(t, "")
	r := newReloader(t, s)
	r.write(strings.TrimSuffix(r.path, "site.toml")+"camera-password", []byte(cameraPassword+"\n"))
	camera := fmt.Sprintf("\n[[login]]\nname = \"cameras\"\nuser = \"onvif\"\npassword = \"file:%scamera-password\"\n"+
		"[[camera]]\nname = \"cam-1\"\nzone = \"hall\"\nhost = %q\nlogin = \"cameras\"\nwatch = \"WATCH\"\n", strings.TrimSuffix(r.path, "site.toml"), c.ONVIF.Address())
	files := []string{
		r.text,
		r.with("address = 2", "address = 2\nsilence = \"61s\""),
		r.without("[[instrument]]\nname = \"gas-2\""),
		r.with("title = \"检票闸机1\"", "title = \"another\""),
		r.text + strings.Replace(camera, "WATCH", "sampled", 1),
		r.with("name = \"gates-2\"\n", "name = \"gates-2\"\npause = \"40ms\"\n"),
		r.without("[[instrument]]\nname = \"door-1\""),
		r.text + strings.Replace(camera, "WATCH", "always", 1),
		r.with("address = 1\nfrom", "address = 1\ndisabled = {since = 2026-11-01, why = \"rebuilt\"}\nfrom"),
	}
	stop := r.run()
	r.settle("gas-1", "panic-1", "gate-1")
	var first weight
	began := time.Now()
	for n := range reloads {
		if n == warmUp {
			r.force(r.text)
			first = weigh(t)
		}
		if n%10 == 9 {
			done := r.reload(files[n%len(files)] + "\nadress = 7\n")
			now, err := r.tool.Status(t.Context())
			if err != nil || done.Accepted || now.Config != done.Hash || now.Refused == nil {
				t.Fatalf("reload %d of a bad file: got %+v, and %s in force, %v", n, done, now.Config, err)
			}
			continue
		}
		done := r.reload(files[n%len(files)])
		now, err := r.tool.Status(t.Context())
		if err != nil || !done.Accepted || now.Config != done.Hash || now.Refused != nil {
			t.Fatalf("reload %d: got %+v, and %s in force, %v", n, done, now.Config, err)
		}
	}
	took := time.Since(began)
	r.force(r.text)
	last := weigh(t)
	t.Logf("%d reloads in %v; at rest %+v, then %+v", reloads, took.Round(time.Second), first, last)
	if last.goroutines > first.goroutines+8 || last.files > first.files+4 || last.heap > first.heap+(4<<20) {
		var stacks bytes.Buffer
		buf := make([]byte, 1<<20)
		stacks.Write(buf[:runtime.Stack(buf, true)])
		t.Errorf("it grew from %+v to %+v\n%s", first, last, stacks.String()[:min(stacks.Len(), 20_000)])
	}
	r.must("all is well in the end", func(b *book) bool { return b.state("device/gas-1") == "online" })
	stop()
}
