package store

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"sitepost/devices"
)

// A camera is what a test knows of a device.
type camera struct {
	Serial, Address string
}

// TestIdentities promises that what is known of a device is known in the next
// run, that the same again costs no commit, and that nil forgets.
func TestIdentities(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		s := at(t, directory)
		first, second := camera{"DS-1", "10.37.20.12"}, camera{"DS-1", "10.37.20.22"}
		for _, doc := range []any{first, first, second, second, nil, nil, first} {
			if err := s.Keep("check-1-top", doc); err != nil {
				t.Fatal(err)
			}
		}
		same(t, "commits", commits(s), 4)
		began := time.Now()
		if err := s.Keep("check-1-top", first); err != nil || time.Since(began) > 0 {
			t.Errorf("the same again: got %v after %v", err, time.Since(began))
		}
		if err := s.Keep("check-2-top", second); err != nil {
			t.Fatal(err)
		}
		if err := s.Keep("check-2-top", nil); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			var doc camera
			known, err := s.Recall("check-1-top", &doc)
			if !known || err != nil || doc != first {
				t.Errorf("got %+v, %t, %v, want %+v", doc, known, err, first)
			}
			if known, err := s.Recall("check-2-top", &doc); known || err != nil || doc != first {
				t.Errorf("got %t, %v of a device that was forgotten", known, err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = at(t, directory)
		}
		same(t, "retained topics", openTopic(t, s), `{"open":[]}`)
	})
}

// TestIdentitiesRefused promises that what is no name, no JSON or too much is
// refused, that what is known in another shape is an error, and that a closed
// store says so.
func TestIdentitiesRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir())
		for what, err := range map[string]error{
			"no name":   s.Keep("", 1),
			"long name": s.Keep(strings.Repeat("n", 1025), 1),
			"no JSON":   s.Keep("c", func() {}),
			"too much":  s.Keep("c", strings.Repeat("x", 64<<10)),
		} {
			if !errors.Is(err, ErrRefused) {
				t.Errorf("%s: got %v, want ErrRefused", what, err)
			}
		}
		if err := s.Keep("c", strings.Repeat("x", 64<<10-2)); err != nil {
			t.Errorf("64 KiB: %v", err)
		}
		if known, err := s.Recall("c", new(camera)); known || err == nil {
			t.Errorf("another shape: got %t, %v, want an error", known, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Keep("c", 1); !errors.Is(err, ErrClosed) {
			t.Errorf("closed: got %v, want ErrClosed", err)
		}
		if _, err := s.Recall("c", new(string)); !errors.Is(err, ErrClosed) {
			t.Errorf("closed: got %v, want ErrClosed", err)
		}
	})
}

// TestOlderFile promises that a file from before there were identities opens
// with its epoch and its records, and keeps identities from then on; and that
// the file of another site is not touched for that.
func TestOlderFile(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		s := at(t, directory)
		says(t, s, "d", said(1, gasHigh, raised))
		epoch, before := s.Epoch(), lines(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(directory, "store.db")
		without := func(tx *bolt.Tx) error { return tx.DeleteBucket([]byte(bucketIdentities)) }
		behind(t, path, without)
		if _, err := Open(Options{Directory: directory, Site: "other"}); err == nil {
			t.Fatal("the file of another site opens")
		}
		behind(t, path, func(tx *bolt.Tx) error {
			if tx.Bucket([]byte(bucketIdentities)) != nil {
				t.Error("the file of another site was touched")
			}
			return nil
		})
		for range 2 {
			s = at(t, directory)
			same(t, "epoch", s.Epoch(), epoch)
			same(t, "records", lines(t, s), before)
			if err := s.Keep("c", "known"); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// behind changes a file that no store has open.
func behind(t testing.TB, path string, change func(tx *bolt.Tx) error) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(change), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestStandings promises that what is open is listed, in the order in which it
// was raised, also after a restart.
func TestStandings(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		s := at(t, directory)
		same(t, "nothing", s.Standings(), nil)
		says(t, s, "d", said(2, gasHigh, raised, point("2")), said(3, devices.GasAlarmLow, raised), said(4, devices.GasAlarmLow, cleared), said(5, passage))
		says(t, s, "c", tampered(1, raised))
		want := []Standing{
			{"c", "tamper.contact", "", said(1, "").Time, string(s.Epoch()) + "-alarm-4"},
			{"d", gasHigh, "2", said(2, "").Time, string(s.Epoch()) + "-alarm-1"},
		}
		same(t, "open", s.Standings(), want)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		same(t, "open after a restart", at(t, directory).Standings(), want)
	})
}
