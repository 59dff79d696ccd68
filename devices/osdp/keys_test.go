package osdp_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/osdp"
	"sitepost/devices/osdp/osdptest"
)

// TestKeys: a key that does not fit is said with what to do, and is tried again
// rarely; when it fits all is well again.
func TestKeys(t *testing.T) {
	t.Parallel()
	unreadable := errors.New("secret file:/etc/key: permission denied: chown root:sitepost, chmod 0640")
	for _, c := range []struct {
		name    string
		reader  string
		key     func() ([]byte, error)
		install bool
		secure  bool // only
		mis     bool // mislabels
		want    told
	}{
		{name: "another key", reader: "some other key!!", key: key(siteKey), want: trouble("wrong key")},
		{name: "the reader has the factory key", reader: osdptest.FactoryKey, key: key(siteKey), want: trouble("factory key")},
		{name: "the reader only says so", reader: "some other key!!", mis: true, key: key(siteKey), want: trouble("factory key")},
		{name: "the reader does not say so", reader: osdptest.FactoryKey, mis: true, key: key(siteKey), want: trouble("factory key")},
		{name: "the site has the factory key", reader: siteKey, key: key(osdptest.FactoryKey), want: trouble("factory key")},
		{name: "both have the factory key", reader: osdptest.FactoryKey, key: key("303132333435363738393A3B3C3D3E3F"), want: trouble("factory key")},
		{name: "the reader has none", reader: "", key: key(siteKey), want: trouble("no secure channel")},
		{name: "the site has none", reader: siteKey, secure: true, want: trouble("encryption required")},
		{name: "too short", reader: siteKey, key: key("0123456789"), want: trouble("key unreadable")},
		{name: "no hex", reader: siteKey, key: key("0123456789012345678901234567890x"), want: trouble("key unreadable")},
		{name: "no file", reader: siteKey, key: func() ([]byte, error) { return nil, unreadable }, want: trouble("key unreadable")},
		{name: "another key, though installed", reader: "some other key!!", key: key(siteKey), install: true, want: trouble("wrong key")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := osdptest.New(osdptest.Make{Address: 3, Key: c.reader, SecureOnly: c.secure, Mislabels: c.mis, NoStates: true})
				s := hung(t, nil, r)
				var right atomic.Bool
				o := osdp.Options{Address: 3, Install: c.install}
				if c.key != nil {
					o.Key = func() ([]byte, error) {
						if right.Load() {
							return []byte(siteKey), nil
						}
						return c.key()
					}
				}
				if c.install {
					c.want.Mode = devices.Test
				}
				k := s.begin(o)
				r.Show26(1, 1)
				if diff := cmp.Diff([]told{c.want}, k.after(5*time.Minute)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if len(k.texts) != 1 || !strings.ContainsAny(k.texts[0], ":") || strings.Contains(k.texts[0], siteKey) ||
					strings.Contains(k.texts[0], "take secure_key out") { // anybody on the wire can bring it about that this is read
					t.Errorf("the next step is %q", k.texts)
				}
				if n := len(r.Asked()); n > 45 { // two keys with two questions each 30 s at most
					t.Errorf("asked %d times in 5 minutes", n)
				}
				if c.key == nil {
					return // what the reader says in the clear is all there is
				}
				if k.heard > 0 {
					t.Errorf("%d signs of life", k.heard)
				}
				r.Replace(osdptest.Make{Address: 3, Key: siteKey})
				right.Store(true)
				said := cards(k.after(31 * time.Second))
				one := card("W26:1,1")
				one.Mode = c.want.Mode
				if diff := cmp.Diff([]told{one}, said); diff != "" {
					t.Errorf("put right (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestInstall: while a reader is installed the factory key is good enough, and
// all that is said is a test.
func TestInstall(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		key    func() ([]byte, error)
		mis    bool // mislabels
		refuse byte // the first challenge, with this reason
	}{
		{name: "the reader refuses all but the factory key", key: key(siteKey), refuse: 5},
		{name: "the site has a key", key: key(siteKey)},
		{name: "the site has a key and the reader does not say that it has none", key: key(siteKey), mis: true},
		{name: "the site has the factory key", key: key(osdptest.FactoryKey)},
		{name: "the site has none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := osdptest.New(osdptest.Make{Address: 3, Key: osdptest.FactoryKey, SecureOnly: true, Mislabels: c.mis})
				if c.refuse != 0 {
					r.Misbehave(osdptest.Trouble{Refuse: 1, Reason: c.refuse, Only: 0x76})
				}
				k := hung(t, nil, r).begin(osdp.Options{Address: 3, Key: c.key, Install: true})
				r.Show26(1, 1)
				var want []told
				for _, e := range []told{noTamper, hasPower, card("W26:1,1"), talks, headHeld, headThere} {
					e.Mode = devices.Test
					want = append(want, e)
				}
				if diff := cmp.Diff(want, k.after(20*time.Second)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if r.Sessions() != 1 {
					t.Errorf("%d sessions, want 1", r.Sessions())
				}
			})
		})
	}
}

// TestDowngrade: with a key, a card that comes in the clear is no card, and a
// reader that talks in the clear does not live.
func TestDowngrade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := osdptest.New(osdptest.Make{Address: 3, Key: siteKey})
		k := hung(t, nil, r).begin(osdp.Options{Address: 3, Key: key(siteKey)})
		k.after(10 * time.Second)
		r.Misbehave(osdptest.Trouble{Plain: true})
		for range 20 {
			r.Show26(6, 6)
			r.Tamper(false)
		}
		k.lives(time.Second)
		if n := k.lives(5 * time.Minute); n != 0 {
			t.Errorf("%d signs of life", n)
		}
		if diff := cmp.Diff([]told(nil), k.after(time.Minute)); diff != "" {
			t.Errorf("in the clear (-want +got):\n%s", diff)
		}
	})
}

// TestSecrets: no number of a card, no key that was pressed and no key of the
// site is in the log, in an error or in what a conversation prints.
func TestSecrets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := osdptest.New(osdptest.Make{Address: 3, Key: siteKey})
		s := hung(t, nil, r)
		k := s.begin(osdp.Options{Address: 3, Key: key(siteKey)})
		k.after(5 * time.Second)
		r.Show26(201, 51234)
		r.Show(34, 0xDE, 0xAD, 0xBE, 0xEF, 0xC0)
		r.Press("90871")
		for _, id := range []byte{0x50, 0x51, 0x53, 0x48} { // what cannot be read
			r.Say(id, []byte("90871 DEADBEEF")...)
		}
		if said := cards(k.after(20 * time.Second)); len(said) != 2 {
			t.Fatalf("got %d cards, want 2", len(said))
		}
		r.Replace(osdptest.Make{Address: 3, Key: "some other key!!"})
		k.after(time.Minute)
		s.end()
		wrote := s.wrote.String() + strings.Join(k.texts, "\n")
		for _, secret := range []string{
			"201,51234", "W26", "51234", "DEADBEEF", "deadbeef", "90871", "[57 48", siteKey, "61206b6579", "[97 32 107",
		} {
			if strings.Contains(wrote, secret) {
				t.Errorf("%q was written:\n%s", secret, wrote)
			}
		}
		if n := strings.Count(wrote, "cannot be read"); n != 4 {
			t.Errorf("%d complaints about answers that cannot be read, want 4:\n%s", n, wrote)
		}
	})
}
