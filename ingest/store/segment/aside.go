package segment

import (
	"errors"
	"io/fs"
	"slices"

	"sitepost/ingest/store/sound"
)

// banish moves the files of another epoch aside: their numbers are those of a
// store.db that is not there any more.
func (l *Log) banish(epoch string, pieces []*piece) error {
	bound(pieces)
	newest := pieces[len(pieces)-1]
	last, err := newest.ends(l)
	if err != nil {
		last = newest.first + Most - 1
	}
	newest.last = last
	for _, p := range pieces {
		if err := errors.Join(p.leave(), l.setAside(p)); err != nil {
			return err
		}
		l.opt.Log.Error("a file of another store was moved aside", "file", p.path, "to", l.opt.Aside)
		if p.first <= p.last {
			l.opt.Lost(Loss{epoch, p.first, p.last, "set aside: of another store"})
		}
	}
	return nil
}

// condemn moves a damaged file aside. If it is the newest one there is another
// before, which tells the next number. l.writing is held, or nobody else has the
// log yet.
func (l *Log) condemn(p *piece, why error) error {
	l.mu.Lock()
	at := slices.Index(l.pieces, p)
	newest := at == len(l.pieces)-1 && !l.opt.Given
	next := l.next
	l.mu.Unlock()
	if at < 0 {
		return nil
	}
	if newest {
		if err := l.roll(next); err != nil {
			return err
		}
	}
	l.opt.Log.Error("a damaged file was moved aside", "file", p.path, "to", l.opt.Aside, "err", why)
	l.take(p)
	_ = p.leave() // it is damaged
	if err := l.setAside(p); err != nil {
		return err
	}
	if p.first <= p.last {
		l.opt.Lost(Loss{l.opt.Epoch, p.first, p.last, "damaged"})
	}
	return nil
}

// setAside moves a file that nobody has open to the damaged ones, if it is there.
func (l *Log) setAside(p *piece) error {
	to, err := sound.SetAside(p.path, l.opt.Aside, l.opt.AsideBytes)
	if to == "" && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if to != "" && err != nil { // what was in it is lost here in any case
		l.opt.Log.Error("what was set aside is not as it should be", "folder", l.opt.Aside, "err", err)
	}
	return nil
}
