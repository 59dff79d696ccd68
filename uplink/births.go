package uplink

import (
	"fmt"
	"sync"

	"sitepost/ingest/store"
)

// Births are the numbers of our connections, per store file. Who speaks under our
// name with another number is not us.
type births struct {
	mu      sync.Mutex
	highest map[store.Epoch]uint64
}

// next returns the number of a new connection. A store that cannot be written
// must not keep us from the city, least of all from saying so: then numbers go on
// from memory, and the store's own, once it can count again, begin above them.
func (b *births) next(s Store, epoch store.Epoch) (uint64, error) {
	b.mu.Lock()
	highest := b.highest[epoch]
	b.mu.Unlock()
	n, err := s.Birth()
	for err == nil && n <= highest {
		n, err = s.Birth()
	}
	if err != nil {
		if highest == 0 {
			return 0, fmt.Errorf("number the connection: %w", err)
		}
		n = highest + 1
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.highest[epoch] = max(b.highest[epoch], n)
	return n, nil
}

// ours says whether this run gave a number.
func (b *births) ours(epoch store.Epoch, birth uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return birth <= b.highest[epoch]
}
