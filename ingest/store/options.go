package store

import (
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"sitepost/ingest/store/album"
)

// Options say where a store lies and what it keeps.
type Options struct {
	Directory string // made with mode 0700 if absent; holds store.db, lock and all that is named below
	Site      string // a file of another site is refused; "" does not ask
	Receipt   string // ReceiptBroker or ReceiptPlatform; "" is ReceiptBroker

	Size         int64 // of everything; 0 is 1 GiB. What follows are shares of it, and 0 is:
	MaxBytes     int64 // store.db: a quarter, but 16 to 512 MiB; on a machine of 32 bits never more
	ReadingBytes int64 // readings: a quarter
	PictureBytes int64 // pictures: a quarter, but 16 MiB; never less than one picture
	HistoryBytes int64 // alarms that are done: an eighth
	AsideBytes   int64 // damaged files that were set aside: an eighth

	KeepReadings time.Duration // that wait; 0 is 24 hours
	KeepEvents   time.Duration // that wait; 0 is 14 days
	KeepAlarms   time.Duration // that are done, at least; 0 is 30 days. Those that wait are kept for ever
	History      int           // alarms that are done, at least; 0 is 10,000

	Volatile int // alarms that are kept in memory while the disk refuses; 0 is 1,024, negative is none

	PicturesFor  time.Duration            // how long pictures are kept at most; 0 is 7 days
	SendPictures func(camera string) bool // whose pictures are also to be sent; nil: nobody's

	Clock func() Clock // how far the clock can be trusted now; nil: not at all
	Log   *slog.Logger // nil is silent

	disk   func(directory string) (free, total int64, err error) // nil asks the file system
	sparse bool                                                  // store.db gets no room beforehand: to see what that is good for
}

// Defaults of Options.
const (
	day             = 24 * time.Hour
	defaultSize     = 1 << 30
	defaultHistory  = 10_000
	defaultReadings = day
	defaultEvents   = 14 * day
	defaultAlarms   = 30 * day
	defaultPictures = 7 * day
	leastShare      = 16 << 20 // of store.db, and of pictures
	mostMaxBytes    = 512 << 20

	// most32 is what store.db may have on a machine of 32 bits, whatever is asked for. All
	// of it lies in the memory of the process, twice while a damaged one is replaced. bbolt
	// takes memory in powers of two, and the file grows by a MiB before it is full: so that
	// these are 512 MiB and not 1 GiB, it is a MiB less.
	most32 = mostMaxBytes - 1<<20
)

// complete fills in the defaults.
func (o *Options) complete() error {
	switch o.Receipt {
	case "":
		o.Receipt = ReceiptBroker
	case ReceiptBroker, ReceiptPlatform:
	default:
		return fmt.Errorf("unknown receipt %q (broker or platform)", o.Receipt)
	}
	or(&o.Size, defaultSize)
	or(&o.MaxBytes, min(max(o.Size/4, leastShare), mostMaxBytes))
	if strconv.IntSize == 32 {
		o.MaxBytes = min(o.MaxBytes, most32)
	}
	or(&o.ReadingBytes, o.Size/4)
	or(&o.PictureBytes, max(o.Size/4, leastShare))
	or(&o.HistoryBytes, o.Size/8)
	or(&o.AsideBytes, o.Size/8)
	or(&o.KeepReadings, defaultReadings)
	or(&o.KeepEvents, defaultEvents)
	or(&o.KeepAlarms, defaultAlarms)
	or(&o.PicturesFor, defaultPictures)
	or(&o.History, defaultHistory)
	o.PictureBytes = max(o.PictureBytes, album.MostBytes)
	if o.Volatile == 0 {
		o.Volatile = mostVolatile
	}
	if o.disk == nil {
		o.disk = diskOf
	}
	if o.Clock == nil {
		o.Clock = func() Clock { return Clock{Source: "none"} }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// or gives a number that was not set its default.
func or[N int | int64 | time.Duration](n *N, unset N) {
	if *n <= 0 {
		*n = unset
	}
}
