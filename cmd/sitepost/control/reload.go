package control

import (
	"context"
	"net/http"
)

// A Reloader reads the site file again, because somebody asks for it, and goes over to
// it if it is good. One that has begun goes on when ctx ends.
type Reloader func(ctx context.Context, who string) (Reloaded, error)

// A Reloaded is what became of a reload.
type Reloaded struct {
	Accepted  bool     `json:"accepted"`
	Hash      string   `json:"hash"`               // of the site file in force
	Number    int      `json:"number,omitempty"`   // of it in the history; 0: it is not kept
	Changed   []string `json:"changed"`            // what began anew, is new or is gone; what else runs went on
	AtRestart []string `json:"at_restart"`         // keys that count from the next restart on
	Findings  string   `json:"findings,omitempty"` // as check prints them: why it was refused, or what is worth knowing
}

// reload reads the site file again.
func (d *Door) reload(w http.ResponseWriter, r *http.Request) {
	d.Log.Info("a tool asks for a reload", "tool", peer(r.Context()))
	done, err := d.Reload(r.Context(), person(r.Context()))
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	answerJSON(w, done)
}

// Reload makes the running daemon read its site file again, and returns when it has
// gone over to it, or refused it. ErrNobody means that no daemon is there.
func (c Client) Reload(ctx context.Context) (Reloaded, error) {
	var done Reloaded
	err := c.fetch(ctx, http.MethodPost, "/reload", &done)
	return done, err
}
