package journal

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Streams says whether a file is the stream of a unit into the journal: systemd writes
// its device and inode into JOURNAL_STREAM (systemd.exec(5)). A daemon whose stderr was
// redirected writes there and not into the journal.
func Streams(f *os.File, journalStream string) bool {
	device, inode, ok := strings.Cut(journalStream, ":")
	if !ok {
		return false
	}
	is, err := f.Stat()
	if err != nil {
		return false
	}
	st, ok := is.Sys().(*syscall.Stat_t)
	return ok && device == fmt.Sprint(st.Dev) && inode == fmt.Sprint(st.Ino)
}

// native writes entries as journald's own datagrams ("Native Journal Protocol" of
// systemd): lines of KEY=value, one datagram an entry.
//
//	MESSAGE=device is silent device=gas-1 since=2026-11-21T22:40:00Z
//	PRIORITY=4
//	SYSLOG_IDENTIFIER=sitepost
//	SITEPOST_DEVICE=gas-1
//	SITEPOST_SINCE=2026-11-21T22:40:00Z
//
// No value has a line break, so none can be taken for a field.
type native struct {
	wire   *wire
	level  slog.Level
	prefix string // of groups
	bound  []field
}

// A field is an attribute, written.
type field struct{ key, value string }

func (n *native) Enabled(_ context.Context, level slog.Level) bool { return level >= n.level }

func (n *native) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *n
	c.bound = append(c.bound[:len(c.bound):len(c.bound)], fieldsOf(n.prefix, attrs)...)
	return &c
}

func (n *native) WithGroup(name string) slog.Handler {
	c := *n
	c.prefix += name + "."
	return &c
}

func (n *native) Handle(_ context.Context, r slog.Record) error {
	fields := n.bound[:len(n.bound):len(n.bound)]
	r.Attrs(func(a slog.Attr) bool {
		fields = append(fields, fieldsOf(n.prefix, []slog.Attr{a})...)
		return true
	})
	n.wire.send(datagram(r.Level, r.Message, fields))
	return nil
}

// fieldsOf writes attributes, groups with a dot.
func fieldsOf(prefix string, attrs []slog.Attr) (all []field) {
	for _, a := range attrs {
		switch {
		case a.Equal(slog.Attr{}):
		case a.Value.Kind() == slog.KindGroup:
			inside := prefix
			if a.Key != "" {
				inside += a.Key + "."
			}
			all = append(all, fieldsOf(inside, a.Value.Group())...)
		case a.Value.Kind() == slog.KindTime:
			all = append(all, field{prefix + a.Key, a.Value.Time().Format(time.RFC3339Nano)})
		default:
			all = append(all, field{prefix + a.Key, a.Value.String()})
		}
	}
	return all
}

// datagram writes an entry.
func datagram(level slog.Level, message string, fields []field) []byte {
	var out bytes.Buffer
	out.WriteString("MESSAGE=" + message)
	for _, f := range fields {
		value := f.value
		if value == "" || strings.ContainsAny(value, ` "=`) {
			value = strconv.Quote(value)
		}
		out.WriteString(" " + f.key + "=" + value)
	}
	fmt.Fprintf(&out, "\nPRIORITY=%d\nSYSLOG_IDENTIFIER=sitepost\n", priority(level))
	for _, f := range fields {
		out.WriteString("SITEPOST_" + fieldName(f.key) + "=" + f.value + "\n")
	}
	return out.Bytes()
}

// priority is the level as syslog counts.
func priority(level slog.Level) int {
	switch {
	case level >= slog.LevelError:
		return 3
	case level >= slog.LevelWarn:
		return 4
	case level >= slog.LevelInfo:
		return 6
	}
	return 7
}

// fieldName is a key as journald allows it: capitals, digits and "_", at most 64.
func fieldName(key string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, key)
	return name[:min(len(name), 50)]
}

const (
	// sendWithin is how long the journal may take for an entry.
	sendWithin = 100 * time.Millisecond
	// sendAgain is how long nothing is sent after it took none.
	sendAgain = time.Second
)

// A wire is the socket of journald. It holds up nobody for longer than sendWithin,
// and once in sendAgain.
type wire struct {
	path string

	mu     sync.Mutex
	conn   *net.UnixConn
	missed int       // entries that it did not take
	until  time.Time // nothing is tried before this
}

// dial opens the socket anew. The caller holds the lock, or has the wire alone.
func (w *wire) dial() (err error) {
	w.conn, err = net.DialUnix("unixgram", nil, &net.UnixAddr{Name: w.path, Net: "unixgram"})
	return err
}

// send hands an entry over, and before it how many were missed.
func (w *wire) send(entry []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if now.Before(w.until) {
		w.missed++
		return
	}
	if w.conn == nil && w.dial() != nil {
		w.fails(now)
		return
	}
	if w.missed > 0 {
		note := datagram(slog.LevelWarn, "the journal did not take entries of this log", []field{{"missed", strconv.Itoa(w.missed)}})
		if !w.write(note, now) {
			return
		}
		w.missed = 0
	}
	w.write(entry, now)
}

func (w *wire) write(entry []byte, now time.Time) bool {
	if w.conn.SetWriteDeadline(now.Add(sendWithin)) == nil {
		if _, err := w.conn.Write(entry); err == nil {
			return true
		}
	}
	w.fails(now)
	return false
}

func (w *wire) fails(now time.Time) {
	if w.conn != nil {
		_ = w.conn.Close() // it is of no use
		w.conn = nil
	}
	w.missed++
	w.until = now.Add(sendAgain)
}

// close closes the socket; what is sent later opens it again.
func (w *wire) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}
