package daemon

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sitepost/config"
	"sitepost/uplink"
	"sitepost/uplink/mqtt/mqtttest"
)

// TestKnock: one login as this box, over a real broker: it is good, its password is
// refused, or its canary does not come back; nothing is left at the broker.
func TestKnock(t *testing.T) {
	b := mqtttest.Start(t, mqtttest.Options{
		Users: map[string]string{"box": "right", "mute": "right", "city": "city"},
		ACL:   []string{"user box", "topic write sitepost/1/demo/up/#", "topic read sitepost/1/demo/up/canary", "user mute", "topic read sitepost/1/demo/up/canary", "user city", "topic readwrite #"},
	})
	city := b.SubscribeAs(t, "#", "city", "city")
	dir := t.TempDir()
	for _, test := range []struct{ user, password, layer, want string }{
		{"box", "right", "", ""},
		{"box", "wrong", "login", "refused by the broker"},
		{"mute", "right", "canary", ""},
	} {
		c := knocking(t, dir, b.URL, test.user, test.password)
		layer, err := Knock(t.Context(), c, c.Uplink.Brokers[0], func() bool { return true })
		if layer != test.layer || (layer == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s, %s: got layer %q, %v, want %q, %q", test.user, test.password, layer, err, test.layer, test.want)
		}
		if refused, is := errors.AsType[*uplink.Refused](err); err != nil && test.layer == "login" && (!is || refused.Next == "") {
			t.Errorf("%s: %v has no next step", test.user, err)
		}
	}
	city.Publish(t, "end", false, nil)
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		all := city.Messages()
		if len(all) > 0 && all[len(all)-1].Topic == "end" {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	for _, m := range city.Messages() {
		if m.Topic != "sitepost/1/demo/up/canary" && m.Topic != "end" || m.Retained {
			t.Errorf("the city heard %s", m.Topic)
		}
	}
}

// knocking is a site with one broker and one user.
func knocking(t *testing.T, dir, url, user, password string) *config.Config {
	t.Helper()
	secret := filepath.Join(dir, "password")
	if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
		t.Fatal(err)
	}
	text := "version = 1\n[site]\nname = \"demo\"\n[[uplink.broker]]\nname = \"city\"\nurl = \"" + url + "\"\nuser = \"" + user + "\"\npassword = \"file:" + secret + "\"\n"
	c, found := config.Parse("site.toml", []byte(text), config.Env{})
	if c == nil {
		t.Fatal(found)
	}
	return c
}
