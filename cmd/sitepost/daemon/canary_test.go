package daemon_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/daemon"
	"sitepost/cmd/sitepost/journal"
	"sitepost/config"
	"sitepost/devices/camera/cameratest"
)

// TestCanary: no secret is in anything that a daemon shows on the box, at the most
// talkative: its log, the tools' door, the loopback port. Each place in which a secret
// can stand has one that is known, and cards are shown to a reader; a login that is
// refused and a broker that goes are there, for errors are where secrets slip out
// (security rows 4 and 12; frigate 1431 and 6684, scrypted 2096 among the complaints).
func TestCanary(t *testing.T) {
	secrets := map[string]string{
		"card-key": cardKey, "camera-password": cameraPassword, "a wrong camera-password": "wr0ng canary/password?#",
		"broker-user": "canary user", "broker-password": "canary@broker:pass/word", "card A": cardA, "card B": cardB,
	}
	for name, camera := range map[string]bool{"a camera": true, "instruments": false} {
		t.Run(name, func(t *testing.T) {
			var shown bytes.Buffer
			log := journal.Open(journal.Options{Writer: &shown, Level: slog.LevelDebug})
			var s *stand
			if camera {
				c := serveCamera(t, 47, cameratest.Options{Auth: "digest", Events: &cameratest.Events{}})
				s = newStand(t, c.ONVIF.Address())
			} else {
				s = newStand(t, "")
			}
			s.withBrokerLogin(secrets)
			address := freePort(t)
			stop := s.run(pageAt(address), func(o *daemon.Options) { o.Log = log.Logger })
			s.must("that it is up", func(b *book) bool { return b.state("state") == "up" })
			if camera {
				s.tryLogins(secrets)
			} else {
				s.showCards()
			}
			s.broker.Kill()
			time.Sleep(held)
			s.broker.Restart()
			s.must("that it is up again", func(b *book) bool { return b.state("state") == "up" })
			outputs := s.lookEverywhere(address)
			stop()
			log.Close()
			outputs["the log"] = shown.String()
			if n := strings.Count(shown.String(), "\n"); n < 10 {
				t.Errorf("the log has %d lines: this test sees nothing", n)
			}
			for where, text := range outputs {
				for what, secret := range secrets {
					for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)), hex.EncodeToString([]byte(secret))} {
						if strings.Contains(text, form) {
							at := strings.Index(text, form)
							t.Errorf("%s is in %s: …%.300s", what, where, text[max(0, at-200):])
						}
					}
				}
			}
		})
	}
}

// withBrokerLogin gives the site a login at its broker.
func (s *stand) withBrokerLogin(secrets map[string]string) {
	s.t.Helper()
	dir := filepath.Dir(s.path)
	for _, name := range []string{"broker-user", "broker-password"} {
		s.write(filepath.Join(dir, name), []byte(secrets[name]+"\n"))
	}
	text, err := os.ReadFile(s.path)
	if err != nil {
		s.t.Fatal(err)
	}
	login := "name = \"city\"\nuser = \"file:" + dir + "/broker-user\"\npassword = \"file:" + dir + "/broker-password\"\n"
	s.write(s.path, bytes.Replace(text, []byte("name = \"city\"\n"), []byte(login), 1))
	var found config.Findings
	if s.config, found = config.Load(s.path, config.Env{Profiles: daemon.Shelf("")}); len(found.Errors()) > 0 {
		s.t.Fatal(found)
	}
}

// tryLogins has a camera refuse one, and take another.
func (s *stand) tryLogins(secrets map[string]string) {
	s.t.Helper()
	file := filepath.Join(filepath.Dir(s.path), "camera-password")
	client := control.Client{Path: s.control}
	for _, password := range []string{secrets["a wrong camera-password"], cameraPassword} {
		s.write(file, []byte(password+"\n"))
		if _, err := client.Login(s.t.Context(), "check-1-top"); err != nil {
			s.t.Error(err)
		}
	}
}

// showCards shows cards to the reader.
func (s *stand) showCards() {
	s.t.Helper()
	s.settle("gas-1")
	time.Sleep(held) // the line of cards is open by then
	for n, card := range []string{cardA, cardB} {
		if err := show("door-1", card)(s); err != nil {
			s.t.Fatal(err)
		}
		s.must("of the card", func(b *book) bool { return len(b.lists()["door-1 event"]) == n+1 })
	}
}

// lookEverywhere asks whatever can be asked on the box.
func (s *stand) lookEverywhere(address string) map[string]string {
	s.t.Helper()
	outputs := map[string]string{}
	note := func(where string, doc any, err error) {
		text, encodeErr := json.Marshal(doc)
		if err != nil || encodeErr != nil {
			s.t.Errorf("%s: %v, %v", where, err, encodeErr)
		}
		outputs[where] = string(text)
	}
	client := control.Client{Path: s.control}
	snap, err := client.Status(s.t.Context())
	note("status", snap, err)
	outputs["the words of status"] = snap.Words(nil)
	cameras, err := client.Cameras(s.t.Context())
	note("cameras", cameras, err)
	var events []control.Event
	err = client.Events(s.t.Context(), control.EventsAsked{Most: control.MostEvents}, func(e control.Event) error { events = append(events, e); return nil })
	note("events", events, err)
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		_, body, err := look(address, path)
		note(path, body, err)
	}
	return outputs
}
