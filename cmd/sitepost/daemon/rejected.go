package daemon

import (
	"sync"

	"sitepost/devices"
)

// A rejection is what is wrong with the site file on disk while another one is in
// force: the first mistake with its place, and how many more; "" for nothing.
type rejection struct {
	mu   sync.Mutex // guards text
	text string
}

func (r *rejection) set(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text = text
}

func (r *rejection) now() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text
}

// tellRejected says that the site file was rejected, or, with "", that the one on disk
// is in force again. An error means that nothing more is taken.
func (s *site) tellRejected(text string) error {
	s.rejected.set(text)
	e := devices.Event{Time: s.opt.Host.Wall(), Code: devices.ConfigRejected, State: devices.Cleared}
	if text != "" {
		e.State, e.Text = devices.Raised, text
		s.opt.Log.Error("the site file is rejected, and the last accepted one is in force", "why", text, "in_force", s.file().Hash)
	}
	// An open one of an earlier run may stand in the store, which drops a clearing
	// where there is none.
	return s.ingest.Say(boxName, e)
}

// tellFile says at the start whether the site file was rejected, and keeps the one
// that is in force. A box that cannot keep it guards its site all the same.
func (s *site) tellFile() error {
	if s.opt.Keep != nil {
		if number, err := s.opt.Keep(s.file(), "the start"); err != nil {
			s.opt.Log.Error("the site file that is in force is not kept: a bad one at the next start finds an older one", "number", number, "err", err)
		}
	}
	return s.tellRejected(s.opt.Rejected)
}
