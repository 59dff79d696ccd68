package modbus_test

import (
	"testing"
	"time"

	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
)

// TestBusOnTerminal: the same through a real terminal and the real serial
// driver. A machine under load may turn an answer into none, never into a
// wrong one; here every trick is met by a good question after it, to which a
// late answer would fit.
func TestBusOnTerminal(t *testing.T) {
	far := linetest.PTY(t)
	settings, err := line.ParseSettings("115200 8N1")
	if err != nil {
		t.Fatal(err)
	}
	played := make(chan string, 1)
	s := &slave{wire: far, within: 200 * time.Millisecond, trick: func() string { return <-played }}
	converse(t, s, line.OpenTTY(far.Path, settings), far.Unplug, func(l *line.Line) {
		right := 0
		for i, trick := range append(tricks, tricks...) {
			for j, trick := range []string{trick, "none"} {
				played <- trick
				got := ask(t.Context(), l, uint16(100*i+10*j), s.within)
				switch got {
				case "right":
					right++
				case "no answer", "busy":
				default:
					t.Errorf("%s: %s", trick, got)
				}
			}
		}
		if right < 30 {
			t.Errorf("%d of 48 questions were answered right", right)
		}
	})
}
