package daemon_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// doorLines is a site with two readers on one line, each with a key of its own.
const doorLines = `
[[line]]
name = "doors"
port = "DIR/doors"
settings = "9600 8N1"
[[instrument]]
name = "door-1"
kind = "card_reader"
zone = "hall"
protocol = "osdp"
line = "doors"
address = 1
secure_key = "file:DIR/door-1-key"
[[instrument]]
name = "round-1"
kind = "card_reader"
zone = "quay"
protocol = "osdp"
line = "doors"
address = 2
role = "patrol"
secure_key = "file:DIR/round-1-key"
`

const doorKey, roundKey = "00112233445566778899AABBCCDDEEFF", "a key for rounds"

// TestCards: a card at a reader in Secure Channel leaves as the HMAC of its
// number, with what the reader is for; a housing that is opened is told and that
// it was closed; and neither a number nor a key is in any message or log.
func TestCards(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, doorLines, map[string]string{"door-1-key": doorKey + "\n", "round-1-key": roundKey + "\n"})
		d.start()
		d.after(5 * time.Second)
		d.reader("door-1").Show26(212, 47811)
		d.after(time.Second)
		d.reader("round-1").Show(37, 0xA1, 0xB2, 0xC3, 0xD4, 0xE8)
		d.after(time.Second)
		d.reader("door-1").Tamper(true)
		d.after(time.Second)
		d.reader("door-1").Tamper(false)
		d.after(time.Second)
		d.reader("door-1").Press("4711")
		d.after(time.Second)
		d.stands(map[string]string{"device/box": "online", "device/doors": "online", "device/door-1": "online", "device/round-1": "online", "state": "up"})
		d.end()

		patrol := carded("A1B2C3D4E8")
		patrol.Detail = "patrol"
		d.compare(append(aLife("doors"),
			on("door-1", carded("W26:212,47811")), on("round-1", patrol),
			on("door-1", raised("tamper.contact")), on("door-1", cleared("tamper.contact")),
			said{Device: "door-1", Type: "access.keypad", Detail: "4"},
		)...)
		for _, name := range []string{"door-1", "round-1"} {
			if n := d.reader(name).Sessions(); n != 1 {
				t.Errorf("%s: got %d Secure Channels, want 1", name, n)
			}
		}
		d.keepsQuiet("W26:", "212,47811", "6A75 6180", "6A756180", "A1B2C3D4E8", "4711\"", doorKey, roundKey)
	})
}

// keepsQuiet looks for what must be in no message and no line of the log.
func (d *dream) keepsQuiet(secrets ...string) {
	d.t.Helper()
	where := map[string]string{"the log": d.log.String()}
	for _, m := range d.messages() {
		where[m.Topic] += string(m.Payload) + "\n"
	}
	for name, text := range where {
		for _, secret := range secrets {
			if strings.Contains(strings.ToUpper(text), strings.ToUpper(secret)) {
				d.t.Errorf("%s tells %q:\n%s", name, secret, text)
			}
		}
	}
}
