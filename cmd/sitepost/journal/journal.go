// Package journal is the log of the daemon: log/slog, made safe and quiet, in the
// form that suits who reads it.
//
//	slog.Logger ──► clean ──► quiet ──┬──► text      at a terminal
//	                one line  5 each  ├──► journald  as a unit of systemd
//	                          minute  └──► JSON      everywhere else
//
// Its rules:
//
//   - An entry is one line, whatever a device calls itself: what would move a cursor,
//     begin a line or turn writing round is replaced, as on the screens of the tools
//     (words.Plain), and a value is cut at 256 characters, an error at 1,024.
//   - The same words about the same device are written five times a minute and then
//     counted: "repeated=412" (quiet.go). Errors are no exception: the first ones tell
//     all, and a disk that fails a thousand times a second would push everything else
//     out of the journal. Of what was counted, the last entry is written with the count.
//   - The journal gets entries as datagrams with a priority and with fields
//     (native.go): `journalctl -p warning -u sitepost`, `journalctl SITEPOST_DEVICE=gas-1`.
//     A journal that takes nothing for a tenth of a second holds nobody up: what it
//     missed is counted, and told when it takes entries again.
//
// It knows nothing of what is written, and no secret: who has one does not log it.
package journal

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"sitepost/cmd/sitepost/words"
)

// Socket is where journald takes entries.
const Socket = "/run/systemd/journal/socket"

// Options say where the log goes.
type Options struct {
	Level    slog.Level
	Writer   io.Writer // stderr
	Terminal bool      // a person reads it there
	Journal  bool      // it is the journal's: see Streams
	Socket   string    // of journald; "" is the usual one
}

// A Log is open from Open to Close.
type Log struct {
	*slog.Logger
	quiet *quiet
	wire  *wire // nil without journald
	stop  context.CancelFunc
	ended sync.WaitGroup
}

// Open opens a log. It never fails: where journald cannot be reached, JSON is
// written, which journald reads from stderr.
func Open(o Options) *Log {
	l := &Log{quiet: newQuiet()}
	var end slog.Handler
	options := &slog.HandlerOptions{Level: o.Level}
	switch {
	case o.Journal && l.dial(o.Socket):
		end = &native{wire: l.wire, level: o.Level}
	case o.Terminal:
		end = slog.NewTextHandler(o.Writer, options)
	default:
		end = slog.NewJSONHandler(o.Writer, options)
	}
	l.Logger = slog.New(&gate{next: end, quiet: l.quiet})
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	l.ended.Go(func() { l.quiet.run(ctx) })
	return l
}

// dial says whether journald takes entries.
func (l *Log) dial(socket string) bool {
	if socket == "" {
		socket = Socket
	}
	w := &wire{path: socket}
	if w.dial() != nil {
		return false
	}
	l.wire = w
	return true
}

// Close writes what was counted and not told yet. Entries that come later are still
// written.
func (l *Log) Close() {
	l.stop()
	l.ended.Wait()
	l.quiet.tell(time.Time{})
	if l.wire != nil {
		l.wire.close()
	}
}

// A gate makes entries safe, and lets through what is not too much.
type gate struct {
	next  slog.Handler
	quiet *quiet
	about string // whom it is about, if that is bound
}

func (g *gate) Enabled(ctx context.Context, level slog.Level) bool { return g.next.Enabled(ctx, level) }

func (g *gate) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean, about := make([]slog.Attr, len(attrs)), g.about
	for i, a := range attrs {
		clean[i] = cleanAttr(a)
		about = aboutOf(clean[i], about)
	}
	return &gate{g.next.WithAttrs(clean), g.quiet, about}
}

func (g *gate) WithGroup(name string) slog.Handler {
	if name == "" {
		return g
	}
	return &gate{g.next.WithGroup(name), g.quiet, g.about}
}

func (g *gate) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, words.Plain(r.Message, mostError), r.PC)
	about := g.about
	r.Attrs(func(a slog.Attr) bool {
		a = cleanAttr(a)
		about = aboutOf(a, about)
		clean.AddAttrs(a)
		return true
	})
	if !g.quiet.admits(entry{clean, g.next}, about, time.Now()) {
		return nil
	}
	return g.next.Handle(ctx, clean)
}

// aboutOf is whom an entry is about: the first of the names that our entries bear.
func aboutOf(a slog.Attr, before string) string {
	switch a.Key {
	case "device", "camera", "line", "broker":
		if before == "" {
			return a.Key + "=" + a.Value.String()
		}
	}
	return before
}
