package store

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store/disktest"
)

const (
	childDirectory = "SITEPOST_STORE_TEST_CHILD"
	childPictures  = "SITEPOST_STORE_TEST_PICTURES"
)

// TestMain is also the child of TestKilled, and the disk of a test: the test binary
// itself.
func TestMain(m *testing.M) {
	disktest.Main()
	if directory := os.Getenv(childDirectory); directory != "" {
		beKilled(directory)
	}
	if directory := os.Getenv(childPictures); directory != "" {
		beKilledTaking(directory)
	}
	if directory := os.Getenv(childLoad); directory != "" {
		beDriven(directory)
	}
	if path := os.Getenv(childBare); path != "" {
		beBare(path)
	}
	os.Exit(m.Run())
}

// beKilled appends for ever from many sides, and prints the name of each event
// when its append has returned.
func beKilled(directory string) {
	s, err := Open(Options{Directory: directory})
	if err != nil {
		fmt.Println("open:", err)
		os.Exit(1)
	}
	var out sync.Mutex
	say := func(device string, e devices.Event) {
		if err := s.Append(place(device), e); err != nil {
			fmt.Println("append:", err)
			os.Exit(1)
		}
		out.Lock()
		defer out.Unlock()
		fmt.Println("safe", e.Detail)
	}
	run := fmt.Sprint(os.Getpid())
	// What the run before left open would make the first raising no news.
	_ = s.Append(place("d1"), said(0, gasHigh, cleared))
	var all sync.WaitGroup
	for p := range 6 {
		all.Go(func() {
			device := fmt.Sprint("d", p)
			for i := 0; ; i++ {
				name := func(e *devices.Event) { e.Detail = fmt.Sprint(run, "/", p, "/", i) }
				switch p {
				case 0:
					say(device, said(0, "alarm.test", name))
				case 1:
					say(device, said(0, gasHigh, name, []func(*devices.Event){raised, cleared}[i%2]))
				case 2:
					_ = s.Append(place(device), said(0, devices.GasReading))
					time.Sleep(time.Millisecond)
				case 3:
					_ = s.Append(place(device), said(0, passage, raw(uint64(i%50)*3)))
				default:
					say(device, said(0, devices.AccessCard, name))
				}
			}
		})
	}
	all.Wait()
}

// TestKilled holds that a process killed at any moment leaves a store that opens
// and has every record whose append had returned, once and without a gap; and
// that what it says is open, and what it counted, is what its records say.
func TestKilled(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	rounds := 20
	if testing.Short() {
		rounds = 3
	}
	safe := make(map[string]bool)
	for n := 0; n < rounds || len(safe) < 20*rounds && n < 5*rounds; n++ { // more of them on a busy machine
		for _, name := range killOne(t, childDirectory, directory, time.Duration(20+rand.IntN(200))*time.Millisecond) {
			safe[name] = true
		}
		s := at(t, directory)
		compareKilled(t, s, safe)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(safe) < 20*rounds {
		t.Errorf("only %d appends in %d rounds: the test proves nothing", len(safe), rounds)
	}
	t.Logf("%d appends in %d rounds", len(safe), rounds)
}

// killOne runs a child for a while after its first word, and returns the names
// of what it said was safe. which says what the child is to do.
func killOne(t *testing.T, which, directory string, after time.Duration) (safe []string) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), which+"="+directory)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var timer *time.Timer
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if timer == nil {
			timer = time.AfterFunc(after, func() { _ = child.Process.Kill() })
		}
		// The kill may cut the last word; each ends with the number of the event.
		name, ok := strings.CutPrefix(lines.Text(), "safe ")
		if !ok {
			t.Errorf("the child says %q", lines.Text())
		}
		safe = append(safe, name)
	}
	_ = child.Wait() // it was killed
	if timer == nil {
		t.Fatal("the child said nothing")
	}
	timer.Stop()
	return safe
}

// compareKilled reads a whole store and holds it against what was safe, and its
// parts against each other.
func compareKilled(t *testing.T, s *Store, safe map[string]bool) {
	t.Helper()
	found, open, counted := make(map[string]int), make(map[string]bool), make(map[string]uint64)
	for _, lane := range devices.Lanes() {
		for _, r := range stored(t, s, lane) { // without a gap, or it fails
			found[r.Event.Detail]++
			switch {
			case r.Event.State == devices.Raised:
				open[r.Incident] = true
			case r.Event.State == devices.Cleared:
				delete(open, r.Incident)
			case r.Event.Count != nil:
				counted[r.Place.Device.Name] = r.Event.Count.Raw
			}
		}
	}
	delete(found, "")
	for name := range safe {
		if found[name] == 0 {
			t.Errorf("%s was safe and is lost", name)
		}
	}
	for name, n := range found {
		if n > 1 {
			t.Errorf("%s is there %d times", name, n)
		}
	}
	topic := openTopic(t, s)
	if got := strings.Count(topic, `"incident"`); got != len(open) {
		t.Errorf("the records leave %d open, the topic says %s", len(open), topic)
	}
	for device, raw := range counted {
		baseline := s.counters.kept[keyOf(device, said(0, passage))]
		if baseline != raw && baseline != 0 { // a fall to 0 is no record
			t.Errorf("%s counted to %d, its baseline is %d", device, raw, baseline)
		}
	}
}
