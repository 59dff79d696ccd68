package control

import (
	"context"
	"io"
	"net/http"
	"time"

	"sitepost/cmd/sitepost/status"
)

// answerWithin bounds what a snapshot may take.
const answerWithin = 10 * time.Second

// status answers with one snapshot of the site.
func (d *Door) status(w http.ResponseWriter, _ *http.Request) { answerJSON(w, d.Status()) }

// Status returns how the site of the running daemon stands. ErrNobody means that no
// daemon is there.
func (c Client) Status(ctx context.Context) (status.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	var s status.Snapshot
	err := c.fetch(ctx, http.MethodGet, "/status", &s)
	return s, err
}

// Text returns what the running daemon answers at a path, at most so many bytes of it.
// ErrNobody means that no daemon is there.
func (c Client) Text(ctx context.Context, path string, most int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	body, err := c.open(ctx, http.MethodGet, path)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, most))
}
