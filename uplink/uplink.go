// Package uplink empties the store towards the city: it turns records into
// messages (encode.go) and hands them to one broker connection at a time
// (link.go and its neighbours).
//
//	store ──► roads ──► window ──► Session ──► broker
//	  ▲        alarm, event,   │ at most 64 messages
//	  │        reading         │ and 32 KiB in flight
//	  └──────── marks ◄────────┘ move only by receipts, in order
//
// Its rules:
//
//   - A mark moves only when the broker has said that it has the message, and
//     only when it has all messages of the lane before it. After the first
//     error nothing moves any more and the connection is over.
//   - A connection counts as up when the broker has sent our own canary back.
//     Then birth, what is open, changed retained state, and then the lanes.
//   - Alarms go before everything, a fresh record never waits for the old ones
//     of an outage, and those go slowly, from a random moment on. Pictures go last
//     (picture.go).
//   - What comes from the broker is hostile: bounded in size and in number.
//   - What the platform has not received is sent again (receipts.go, account.go,
//     resend.go), and a gap is told where it is not kept any more (holes.go).
//   - The city may ask for records and for another drain rate, and for nothing else:
//     what the site allows, in time, once, and signed where the site wants it
//     (command.go, orders.go, sign.go).
//   - A record is given up only when it alone ends connections (poison.go).
//   - Several brokers take turns, and the preferred one gets us back (turns.go,
//     scout.go).
//   - A site that is given up leaves no retained topic behind but "retired" (retire.go).
//   - A store that counts in a new epoch gets a new connection: no mark of the old
//     one may reach it.
//
// This package does not know MQTT's packets (package mqtt does), how events
// become records, or what a site is made of.
package uplink

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// A Store is the part of the store that a link needs. *store.Store is one.
type Store interface {
	Epoch() store.Epoch
	// Read returns at most limit records of a lane with numbers above after,
	// ascending.
	Read(lane devices.Lane, after uint64, limit int) ([]store.Record, error)
	Marks(lane devices.Lane) store.Marks
	MarkSent(lane devices.Lane, upto uint64)
	MarkReceived(lane devices.Lane, upto uint64)
	// Changed is closed at the next commit: get it, then read, then wait.
	Changed() <-chan struct{}
	// Pulses counts how often the store's two goroutines have come round, and wakes them:
	// who sees the first stand still between two calls knows that nothing can be written.
	Pulses() (writer, binder uint64)
	// Currents returns the retained documents: all, or those that were not yet
	// sent in their present revision.
	Currents(all bool) ([]store.Current, error)
	CurrentSent(key string, revision uint64)
	// PicturesToSend lists the pictures that are to be sent, newest first. It asks
	// no disk.
	PicturesToSend() []store.Picture
	// Picture reads one; fs.ErrNotExist is one that was taken away.
	Picture(incident, camera string) ([]byte, error)
	PictureSent(incident, camera string)
	// Gaps lists what was dropped before a broker had it and was not told yet;
	// GapTold says that one of them was.
	Gaps() []store.Gap
	GapTold(store.Gap) error
	// Lost counts what the disk refused and nobody kept; LossTold says that so much
	// of it was told.
	Lost() []store.Loss
	LossTold(store.Loss) error
	// ReadSalvaged returns what was saved from a damaged file and is to be sent
	// under its own epoch, lane and number, with places in line above after.
	// SalvagedSent says that a broker has all up to one.
	ReadSalvaged(after uint64, limit int) ([]store.Salvage, error)
	SalvagedSent(upto uint64)
	// Volatile returns the alarms that are only in memory, because the disk
	// refuses them, with numbers above after; VolatileSent says that a broker has all
	// up to one.
	Volatile(after uint64) []store.Record
	VolatileSent(upto uint64)
	// SetAside takes a record out of its lane that can never be sent. It is kept
	// and told as a gap, and Read returns a stub in its place.
	SetAside(lane devices.Lane, seq uint64, why string) error
	// Birth returns the number of a new connection, one above the last. LastBirth is
	// what it returned last, also in an earlier run.
	Birth() (uint64, error)
	LastBirth() uint64
	// CommandCounter is the highest counter of a command that was ever obeyed.
	// RaiseCommandCounter returns when a higher one is on disk.
	CommandCounter() uint64
	RaiseCommandCounter(n uint64) error
}

// A Receipt is the broker's word on one message. Error may be asked only after
// Done is closed; nil means that the broker has the message and nothing else.
type Receipt interface {
	Done() <-chan struct{}
	Error() error
}

// A Session is one connection to one broker. It is used once.
type Session interface {
	// Publish hands a message over. Messages keep their order. It may block for
	// as long as the session takes to notice that it is lost.
	Publish(Message) Receipt
	// Lost is closed when the connection has ended, whoever ended it.
	Lost() <-chan struct{}
	// Cause says why, after Lost is closed.
	Cause() error
	// Close says goodbye and ends the connection: the broker publishes no will.
	Close(ctx context.Context) error
	// Drop ends the connection without a word: the broker publishes the will.
	Drop()
}

// A session may also be Unsynced: NotYetValid is the moment from which its broker's
// certificate is valid, if that was tolerated because the box does not know the
// time; else zero.
type Unsynced interface{ NotYetValid() time.Time }

// ErrHungUp is in the cause of a session that the broker ended itself.
var ErrHungUp = errors.New("the broker hung up")

// A Dial opens a session that is subscribed to [Subscriptions]. What comes in
// is handed to onMessage, which does not block. An error of type *[Refused]
// needs a person; any other may heal by waiting.
type Dial func(ctx context.Context, will Will, onMessage func(Message)) (Session, error)

// A Refused error says that the broker answered and does not want us.
type Refused struct {
	Why  string // what the broker said: "bad user name or password"
	Next string // what a person can do about it
}

func (r *Refused) Error() string {
	return fmt.Sprintf("refused by the broker: %s (%s)", r.Why, r.Next)
}

// The two ways in which a record can be done, see [Options].
const (
	ReceiptBroker   = "broker"
	ReceiptPlatform = "platform"
)

// Options say whose records go where, and how fast.
type Options struct {
	Site  string
	Store Store
	Dials []Dial   // brokers, the preferred one first
	Names []string // of the brokers, for logs and events

	DrainRate  int           // old messages per second after an outage; 0: no limit
	DrainStart time.Duration // they begin at a random moment within this
	DrainFor   time.Duration // how long Run may still send when its context ends; 0: 5 s
	Receipt    string        // [ReceiptBroker] or [ReceiptPlatform]: whether down/ack moves the mark "received"

	Allow   []string          // the commands that are obeyed; none: nothing is
	SignKey ed25519.PublicKey // nil: commands need no signature; of a wrong length: it cannot be read, and nothing is obeyed
	Synced  func() bool       // whether the box's clock can be trusted now; nil: never

	Version string // of the program
	BoxID   string

	// Papers names the present state of what a broker's connection is secured
	// with: another name than at the dial, and the connection is ended in order and
	// made again. "" is not known. nil: they never change. It is asked once a minute
	// and may read files.
	Papers func(broker int) string
	// Path hears whenever the way to the city opens or closes, and once at the
	// start. It does not block. nil: nobody asks.
	Path func(Path)

	// Say takes what the link has to say of itself: uplink.lost,
	// uplink.refused and uplink.taken_over, afterwards, with the time of the loss,
	// and store.gap. nil: nobody asks.
	Say func(devices.Event) error
	Log *slog.Logger
}

// A Path is the way to the city: open since then over a broker, or closed.
type Path struct {
	Up     bool
	Since  time.Time
	Broker string // the one that has us, or that was tried last
}
