package daemon_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/control"
	"sitepost/config"
	"sitepost/uplink"
	"sitepost/uplink/uplinktest"
)

// tried makes a test alarm and returns its stages: "broker 40", with the milliseconds.
func (d *dream) tried(device string, within time.Duration) (all []string) {
	d.t.Helper()
	var id string
	err := d.trials.Try(context.Background(), device, within, "root (uid 0)", func(s control.Stage) error {
		if s.Device != device || s.ID == "" || id != "" && s.ID != id || !s.At.Equal(time.Now()) {
			d.t.Errorf("stage %+v", s)
		}
		id = s.ID
		all = append(all, strings.TrimSpace(fmt.Sprint(s.Step, " ", s.MS, " ", strings.TrimSpace(s.State+" "+s.Text))))
		return nil
	})
	if err != nil {
		d.t.Errorf("test of %q: %v", device, err)
	}
	return all
}

// compareTried holds the stages against what must be seen. The disk is real, but no time
// passes in a bubble while it works.
func (d *dream) compareTried(got []string, want ...string) {
	d.t.Helper()
	if diff := gocmp.Diff(want, got); diff != "" {
		d.t.Errorf("stages (-want +got):\n%s", diff)
	}
}

// receipts has a platform answer each alarm after a while, until stop.
func (d *dream) receipts(after time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for seen := 0; ; {
			var all []uplink.Message
			more := func(arrived []uplink.Message) bool { all = arrived[seen:]; return len(all) > 0 }
			if d.broker.Await(ctx, more) != nil {
				return
			}
			seen += len(all)
			for _, m := range all {
				d.acknowledge(m, after)
			}
		}
	}()
	return func() { cancel(); <-ended }
}

func (d *dream) acknowledge(m uplink.Message, after time.Duration) {
	var r struct{ Epoch, Lane, Sequence string }
	if !strings.HasPrefix(m.Topic, topicOf("alarm/")) || json.Unmarshal(m.Payload, &r) != nil {
		return
	}
	ack := fmt.Sprintf(`{"epoch":%q,"lane":%q,"upto":%s}`, r.Epoch, r.Lane, r.Sequence)
	time.AfterFunc(after, func() {
		d.broker.Publish(uplink.Message{Topic: strings.Replace(topicOf("ack"), "/up/", "/down/", 1), Payload: []byte(ack)})
	})
}

// TestTrial: a test alarm is followed onto the disk, to the broker and to the platform,
// each with its time, whatever its device does; the city gets it marked as a test.
func TestTrial(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, gateLine, nil)
		d.config.Uplink.Receipt = config.ByPlatform
		d.start()
		d.after(10 * time.Second)
		stop := d.receipts(400 * time.Millisecond)
		d.broker.Latency(40 * time.Millisecond)
		d.compareTried(d.tried("gate-1", 30*time.Second), "disk 0", "broker 40", "platform 400", "done 400")
		d.dead("gas-1", true)
		d.after(time.Minute)
		d.compareTried(d.tried("gas-1", 30*time.Second),
			"stands 0 silent nothing heard for 11s, longer than 10s", "disk 0", "broker 40", "platform 400", "done 400")
		if _, err := d.upkeep.Maintain("gate-1", 10*time.Minute, "root", "x"); err != nil {
			t.Fatal(err)
		}
		got := d.tried("gate-1", 30*time.Second)
		if !strings.HasPrefix(got[0], "stands 0 maintenance root works at it until ") {
			t.Errorf("got %q", got[0])
		}
		d.compareTried(got[1:], "disk 0", "broker 40", "platform 400", "done 400")
		if err := d.trials.Try(context.Background(), "gate-9", time.Second, "root", nil); err == nil || !strings.Contains(err.Error(), `"gate-9" is no device`) {
			t.Errorf("got %v", err)
		}
		stop()
		d.end()
		tests := d.book().of("alarm.test")
		var modes []string
		for _, h := range tests {
			modes = append(modes, h.Data.Device.Name+" "+h.Mode+" "+h.Data.Severity)
		}
		if diff := gocmp.Diff([]string{"gate-1 test info", "gas-1 test info", "gate-1 test info"}, modes); diff != "" {
			t.Errorf("at the city (-want +got):\n%s", diff)
		}
	})
}

// TestTrialLate: who has not answered is named when the time is over, and the alarm comes
// to the city all the same.
func TestTrialLate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		platform bool
		before   func(*dream)
		after    func(*dream)
		want     []string
	}{
		{"the city is away", true, func(d *dream) { d.broker.Away(uplinktest.ErrAway) }, func(d *dream) { d.broker.Away(nil) },
			[]string{"disk 0", "late 30000 the city is away: dial: connection refused"}},
		{"the broker is silent", true, func(d *dream) { d.broker.Hold(true) }, func(d *dream) { d.broker.Hold(false) },
			[]string{"disk 0", "late 5000 the broker has not acknowledged it"}},
		{"the platform is silent", true, func(*dream) {}, func(*dream) {},
			[]string{"disk 0", "broker 0", "late 30000 the platform has not said that it has it"}},
		{"nobody asks the platform", false, func(*dream) {}, func(*dream) {},
			[]string{"disk 0", "broker 0", "done 0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDream(t, gateLine, nil)
				if c.platform {
					d.config.Uplink.Receipt = config.ByPlatform
				}
				d.start()
				d.after(10 * time.Second)
				c.before(d)
				d.after(time.Second)
				within := 30 * time.Second
				if strings.HasPrefix(c.want[len(c.want)-1], "late 5000") {
					within = 5 * time.Second // the link itself gives up later
				}
				d.compareTried(d.tried("gate-1", within), c.want...)
				c.after(d)
				d.after(2 * time.Minute)
				d.end()
				if n := len(d.book().of("alarm.test")); n != 1 {
					t.Errorf("the city has %d test alarms, want 1", n)
				}
			})
		})
	}
}

// TestTrialReplaced: where the store is replaced on the way, its numbers say nothing any
// more, and that is told.
func TestTrialReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, gateLine, nil)
		d.start()
		d.after(10 * time.Second)
		d.broker.Away(uplinktest.ErrAway)
		d.after(time.Second)
		tried := make(chan []string)
		go func() { tried <- d.tried("gate-1", 5*time.Minute) }()
		d.after(2 * time.Second)
		spoil(t, filepath.Join(d.config.Store.Directory, "store.db"), "alarm.test")
		d.broker.Away(nil)
		got := <-tried
		d.end()
		if len(got) != 2 || got[0] != "disk 0" || !strings.HasPrefix(got[1], "replaced ") {
			t.Errorf("got %q, want it on disk, and replaced", got)
		}
	})
}

// TestTrialsArePaced: whoever asks, no more than four test alarms are made in a second.
func TestTrialsArePaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, gateLine, nil)
		d.start()
		d.after(10 * time.Second)
		began := time.Now()
		for range 9 {
			d.tried("gate-1", 30*time.Second)
		}
		if took := time.Since(began); took < 2*time.Second {
			t.Errorf("nine test alarms took %v, want 2s", took)
		}
		d.end()
	})
}
