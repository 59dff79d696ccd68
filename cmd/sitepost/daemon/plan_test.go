package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"sitepost/cmd/sitepost/box"
	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/status"
	"sitepost/config"
	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
	"sitepost/ingest/store"
)

// fourOnALine are four detectors of which nobody answers, each with a silence of so many
// seconds.
func fourOnALine(silences [4]int) string {
	var text strings.Builder
	text.WriteString("[[line]]\nname = \"bus\"\nport = \"DIR/bus\"\nsettings = \"9600 8N1\"\n")
	for i, s := range silences {
		fmt.Fprintf(&text, "[[instrument]]\nname = \"gas-%d\"\nzone = \"hall\"\nprofile = \"honeywell-xcd\"\nline = \"bus\"\naddress = %[1]d\nsilence = \"%ds\"\n", i+1, s)
	}
	return text.String()
}

// A rehearsal is a site that runs, seen from inside.
type rehearsal struct {
	*site
	next *config.Config // what a reload reads
}

// rehearse runs a site with nobody at its lines while do is at work.
func rehearse(t *testing.T, c *config.Config, o Options, do func(*rehearsal)) {
	t.Helper()
	r := &rehearsal{}
	o.Config, o.Version = c, "test"
	o.Open = func(config.Line) line.Opener { return linetest.NewCable().Open }
	o.Reread = func() (*config.Config, config.Findings) { return r.next, nil }
	o.built = func(s *site) { r.site = s }
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, o) }()
	time.Sleep(time.Second) // until the store has what is said at the start
	synctest.Wait()
	do(r)
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run: got %v, want nil", err)
	}
}

// TestPlansAreLetGo promises that a plan that is not in force any more is not kept by the
// parts that were begun under it, nor by those that began together with them: a part may
// go on for years, and each plan is a whole site.
func TestPlansAreLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, silences := t.TempDir(), [4]int{30, 30, 30, 30}
		rehearse(t, siteOf(t, dir, fourOnALine(silences)), Options{}, func(r *rehearsal) {
			const reloads = 12
			all := []weak.Pointer[plan]{weak.Make(r.inForce())}
			for n := range reloads {
				silences[n%len(silences)]++ // so that each part that runs began under another plan
				r.next = siteOf(t, dir, fourOnALine(silences))
				done, err := r.reload(t.Context(), "test")
				if err != nil || len(done.Changed) != 1 {
					t.Fatalf("got %+v, %v, want one part begun anew", done, err)
				}
				all = append(all, weak.Make(r.inForce()))
			}
			synctest.Wait()
			runtime.GC()
			kept := 0
			for _, p := range all {
				if p.Value() != nil {
					kept++
				}
			}
			if kept != 1 {
				t.Errorf("after %d reloads %d plans are kept, want the one in force", reloads, kept)
			}
		})
	})
}

// TestReloadOfMany promises that what begins anew is not kept waiting by how many others
// are taken out with it, or go out of use: their topics cost one commit and not one each.
func TestReloadOfMany(t *testing.T) {
	const many, most = 24, 300 * time.Millisecond
	site := func(pause int, end string) string {
		var text strings.Builder
		for n := range 3 {
			fmt.Fprintf(&text, "[[line]]\nname = \"bus-%d\"\nport = \"DIR/bus-%[1]d\"\nsettings = \"9600 8N1\"\npause = \"%[2]dms\"\n", n, pause)
		}
		for n := range many {
			if end == "gone" {
				break
			}
			fmt.Fprintf(&text, "[[instrument]]\nname = \"gas-%d\"\nzone = \"hall\"\nprofile = \"honeywell-xcd\"\nline = \"bus-%d\"\naddress = %[1]d\nsilence = \"10m\"\n%[3]s\n", n+1, n%3, end)
		}
		return text.String()
	}
	for _, end := range []string{"gone", `disabled = {since = 2026-11-01, why = "rebuilt"}`} {
		synctest.Test(t, func(t *testing.T) {
			dir := t.TempDir()
			rehearse(t, siteOf(t, dir, site(20, "")), Options{}, func(r *rehearsal) {
				for n := range many {
					if err := r.store.Put(fmt.Sprintf("device/gas-%d", n+1), standing{State: "online"}); err != nil {
						t.Fatal(err)
					}
				}
				r.next = siteOf(t, dir, site(40, end))
				began := time.Now()
				if done, err := r.reload(t.Context(), "test"); err != nil || !done.Accepted {
					t.Fatalf("got %+v, %v", done, err)
				}
				if took := time.Since(began); took > most {
					t.Errorf("%s: took %v, want %v at most", end, took, most)
				}
			})
		})
	}
}

// TestSnapshotOfOneFile promises that a snapshot is of one site file, also where a reload
// comes while it is taken.
func TestSnapshotOfOneFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		var swap atomic.Pointer[func()]
		began := time.Now()
		host := box.Host{
			Wall: func() time.Time { // is asked between the first look at the site file and the next
				if do := swap.Swap(nil); do != nil {
					(*do)()
				}
				return time.Now()
			},
			Clock: func() store.Clock {
				return store.Clock{Source: "ntp", Synced: true, Boot: "test", UptimeMS: time.Since(began).Milliseconds()}
			},
		}
		rehearse(t, siteOf(t, dir, goneGas), Options{Host: &host}, func(r *rehearsal) {
			before := *r.inForce()
			after := before
			after.config = siteOf(t, dir, goneDoor)
			take := func() { r.plan.Store(&after) }
			swap.Store(&take)
			got := r.snapshot()
			r.plan.Store(&before)
			if swap.Load() != nil {
				t.Fatal("nothing came in between")
			}
			for _, d := range append(got.Devices, got.Lines...) {
				if d.Name == "door-1" || d.Name == "cards" {
					t.Errorf("%s stands in a snapshot of the file %s, which does not have it", d.Name, got.Config)
				}
			}
		})
	})
}

// TestStoreCannotBeRead promises that a site of which nothing can be read ends, with the
// reason, and does not hang as if it ran.
func TestStoreCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var built *site
		o := Options{
			Config: siteOf(t, t.TempDir(), goneGas), Version: "test",
			Open:  func(config.Line) line.Opener { return linetest.NewCable().Open },
			built: func(s *site) { built = s },
			Status: func(func() status.Snapshot) { // comes before anything moves
				if err := built.store.Close(); err != nil {
					t.Error(err)
				}
			},
		}
		ended := make(chan error, 1)
		go func() { ended <- Run(t.Context(), o) }()
		select {
		case err := <-ended:
			if err == nil {
				t.Error("Run: got nil, want why")
			}
		case <-time.After(time.Hour):
			t.Fatal("it neither runs nor ends")
		}
	})
}

// TestSignKeyIsRenewed promises that a reload takes the key of the city's commands that
// lies there now, though its place in the site file is the same.
func TestSignKeyIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		lay := func(digit string) {
			if err := os.WriteFile(dir+"/city.pub", []byte(strings.Repeat(digit, 64)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		const commands = "[commands]\nallow = [\"resend\"]\nsign_key = \"file:DIR/city.pub\"\n[[uplink.broker]]\nname = \"city\"\nurl = \"mqtt://127.0.0.1:1\"\nuser = \"env:HOME\"\n"
		lay("1")
		rehearse(t, siteOf(t, dir, commands), Options{}, func(r *rehearsal) {
			for _, step := range []struct {
				digit string
				want  int
			}{{"1", 0}, {"2", 1}} {
				lay(step.digit)
				r.next = siteOf(t, dir, commands)
				done, err := r.reload(t.Context(), "test")
				if err != nil || len(done.Changed) != step.want {
					t.Errorf("key of %s: got %+v, %v, want %d changes", step.digit, done, err, step.want)
				}
			}
		})
	})
}

// TestStopAmongReloads promises that a site which is told to stop, or is given up, at any
// moment of many reloads comes to its end all the same, that each reload has an answer, and
// that nothing is left that runs.
func TestStopAmongReloads(t *testing.T) {
	const askers, soon = 6, 20 * time.Second
	for step := range 25 {
		synctest.Test(t, func(t *testing.T) {
			dir := t.TempDir()
			files := []*config.Config{
				siteOf(t, dir, goneGas), siteOf(t, dir, goneGas+goneDoor), siteOf(t, dir, goneDoor),
				siteOf(t, dir, strings.Replace(goneGas, "9600 8N1", "19200 8N1", 1)),
			}
			var next atomic.Int64
			var over atomic.Bool
			hangup := make(chan os.Signal, 1)
			var built *site
			o := Options{
				Config: files[0], Version: "test", Hangup: hangup,
				Open:   func(config.Line) line.Opener { return linetest.NewCable().Open },
				Reread: func() (*config.Config, config.Findings) { return files[next.Add(1)%int64(len(files))], nil },
				built:  func(s *site) { built = s },
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- Run(ctx, o) }()
			time.Sleep(time.Second)
			synctest.Wait()
			var asking sync.WaitGroup
			for range askers {
				asking.Go(func() {
					for {
						if _, err := built.reload(context.Background(), "test"); err != nil {
							if !over.Load() {
								t.Errorf("a reload while the site runs: %v", err)
							}
							return
						}
						select {
						case hangup <- syscall.SIGHUP:
						default:
						}
					}
				})
			}
			time.Sleep(time.Duration(step) * 9 * time.Millisecond)
			over.Store(true)
			began, given := time.Now(), step%2 == 1
			if given { // there is no city that would have to hear of it
				asking.Go(func() { built.askRetire(ctx, control.RetireAsked{}, func(control.Retiring) {}) })
			} else {
				cancel()
			}
			asking.Wait()
			select {
			case err := <-ended:
				if _, is := errors.AsType[*Retired](err); is != given || err != nil && !is {
					t.Errorf("Run: got %v, given up is %t", err, given)
				}
			case <-time.After(soon):
				t.Fatal("it does not end")
			}
			cancel()
			if took := time.Since(began); took > soon {
				t.Errorf("it took %v to end", took)
			}
		})
	}
}
