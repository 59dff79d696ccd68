package daemon_test

import (
	"os"
	"slices"

	gocmp "github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/box"
	"sitepost/devices"
)

// compare holds the city's book against what happened.
func (k *killing) compare() {
	k.t.Helper()
	if diff := gocmp.Diff(k.want, k.lists()); diff != "" {
		k.t.Errorf("-happened +told:\n%s", diff)
	}
	k.book.comparePassed(k.t, "gate-1", k.passed)
	if diff := gocmp.Diff([]said(nil), k.book.opened(k.t)); diff != "" {
		k.t.Errorf("up/open (-want +got):\n%s", diff)
	}
	k.book.audit(k.t)
	k.t.Logf("%d records, %d of them again", len(k.book.records), k.book.twice)
}

// causes returns why the box started, each time.
func (b *book) causes() (all []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, h := range b.inOrder() {
		if h.Type == string(devices.BoxStarted) {
			all = append(all, h.Data.Detail)
		}
	}
	return all
}

// compareCauses holds why the box says that it started against why it did, and notes
// how often it was heard to do so. Why it did the first time nobody knows.
func (k *killing) compareCauses() {
	k.t.Helper()
	got := k.book.causes()
	if len(got) < k.lives-k.unborn || len(got) > k.lives {
		k.t.Fatalf("box.started: got %d, want %d, or %d less", len(got), k.lives, k.unborn)
	}
	want := append(slices.Repeat([]string{box.Crash}, len(got)-2), box.Restart)
	if diff := gocmp.Diff(want, got[1:]); diff != "" {
		k.t.Errorf("box.started (-caused by +said):\n%s", diff)
	}
	started, stopping := said{Type: string(devices.BoxStarted)}, said{Type: string(devices.BoxStopping)}
	k.expect("box", append(slices.Repeat([]said{started}, len(got)-1), stopping, started, stopping))
}

// forgets lets a daemon take an alarm while the city is away, kills it, and brings
// another one to life that does not have the store of the first. It returns what of
// the alarm the city never hears.
func forgets(k *killing) (lost, total int) {
	k.t.Helper()
	k.broker.Kill()
	k.start()
	alarm := cycles()[0].moves
	for _, m := range alarm {
		if err := k.move("gas-1", m); err != nil {
			k.t.Fatal(err)
		}
		total += len(m.want)
	}
	k.kill()
	if err := os.RemoveAll(k.config.Store.Directory); err != nil {
		k.t.Fatal(err)
	}
	k.start()
	k.broker.Restart()
	k.must("of the instrument again", func(b *book) bool { return len(b.lists()["gas-1 event"]) > 0 })
	k.stop()
	k.should("the box stop", stopped)
	return total - len(k.lists()["gas-1 alarm"]), total
}
