package uplink

import (
	"context"
	"sync"
	"time"

	"sitepost/ingest/store"
)

// birthAgain is how often a store that could not number a connection is asked again.
const birthAgain = 30 * time.Second

// Births are the numbers of our connections, per store file. Who speaks under our
// name with another number is not us.
type births struct {
	mu      sync.Mutex
	highest map[store.Epoch]uint64
}

// next returns the number of a new connection. A store that cannot be written
// must not keep us from the city, least of all from saying so: then numbers go on
// from memory, and the store's own, once it can count again, begin above them. A
// store that had to be replaced lets no mark count before it has given a number of
// its own.
func (b *births) next(s Store, epoch store.Epoch) (n uint64, own bool) {
	b.mu.Lock()
	highest := b.highest[epoch]
	b.mu.Unlock()
	n, err := s.Birth()
	for err == nil && n <= highest {
		n, err = s.Birth()
	}
	if err != nil {
		n = max(highest, s.LastBirth()) + 1
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.highest[epoch] = max(b.highest[epoch], n)
	return n, err == nil
}

// ours says whether this run gave a number.
func (b *births) ours(epoch store.Epoch, birth uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return birth <= b.highest[epoch]
}

// untilNumbered asks the store again until it numbers a connection, and then has the
// present one, whose number is not the store's, made anew.
func (l *Link) untilNumbered(ctx context.Context, epoch store.Epoch, numbered chan<- struct{}) {
	for {
		lapse(ctx, birthAgain)
		if ctx.Err() != nil {
			return
		}
		if _, own := l.births.next(l.Store, epoch); own {
			close(numbered)
			return
		}
	}
}
