package album

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"
)

// sweep takes away the oldest: what is older than is kept, and what is more.
// a.mu is held: to unlink a file is not to wait for it.
func (a *Album) sweep(now time.Time) {
	var over int64
	for _, l := range a.kept {
		over += l.size()
	}
	over -= a.Most
	a.kept = slices.DeleteFunc(a.kept, func(l sheet) bool {
		if over <= 0 && now.Sub(l.Kept) <= a.Within {
			return false
		}
		if err := os.Remove(a.path(l.file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			a.Log.Error("a picture that is too old cannot be removed", "file", a.path(l.file), "err", err)
			return false
		}
		if over -= l.size(); l.Unsent {
			a.Log.Warn("a picture was dropped before it was sent", "camera", l.Camera, "incident", l.Incident)
		}
		return true
	})
}

// Shed takes away the oldest pictures that need not be sent, until so many bytes are
// free, and returns how many are.
func (a *Album) Shed(bytes int64) (freed int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.kept = slices.DeleteFunc(a.kept, func(l sheet) bool {
		if freed >= bytes || l.Unsent || os.Remove(a.path(l.file)) != nil {
			return false
		}
		freed += l.size()
		return true
	})
	return freed
}

// Weight is how much disk the pictures take, about.
func (a *Album) Weight() (sum int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, l := range a.kept {
		sum += l.size()
	}
	return sum
}
