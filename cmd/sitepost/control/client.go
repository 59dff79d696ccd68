package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"syscall"

	"sitepost/devices/line"
)

// maxRow bounds one row: a chunk has at most 64 KiB.
const maxRow = 256 << 10

// A Client is a tool's side of the door at a path.
type Client struct{ Path string }

// Listen calls each with all that is said on a line of the running daemon. It
// returns nil when ctx ends, what each returns, or why it ended. ErrNobody means
// that no daemon is there.
func (c Client) Listen(ctx context.Context, name string, each func(line.Chunk) error) error {
	body, err := c.open(ctx, http.MethodGet, "/lines/"+name+"/bytes")
	if err != nil {
		return err
	}
	defer body.Close()
	rows := bufio.NewScanner(body)
	rows.Buffer(nil, maxRow)
	for rows.Scan() {
		var r row
		if err := json.Unmarshal(rows.Bytes(), &r); err != nil {
			return fmt.Errorf("line %q: %w", name, err)
		}
		if r.Over != "" {
			return fmt.Errorf("line %q: nothing more is heard of it: %s", name, r.Over)
		}
		chunk, err := r.chunk()
		if err != nil {
			return fmt.Errorf("line %q: %w", name, err)
		}
		if err := each(chunk); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return errors.Join(fmt.Errorf("line %q: the running sitepost has hung up", name), rows.Err())
}

// Borrow takes a line of the running daemon until giveBack is called; its port
// is closed there when Borrow returns. lost says why, once, when the daemon has taken
// the line back by itself. ErrNobody means that no daemon is there.
func (c Client) Borrow(ctx context.Context, name string) (giveBack func(), lost <-chan error, err error) {
	ctx, cancel := context.WithCancel(ctx)
	body, err := c.open(ctx, http.MethodPost, "/lines/"+name+"/loan")
	if err != nil {
		cancel()
		return nil, nil, err
	}
	over, taken := make(chan struct{}), make(chan error, 1)
	go func() { // ends with the connection, and giveBack waits for it
		defer close(over)
		why := errors.New("it has hung up: see its log")
		_ = eachRow(body, func(r row) error { why = errors.New(r.Over); return nil }) // nothing comes but the end
		_ = body.Close()
		if ctx.Err() == nil {
			taken <- fmt.Errorf("line %q: the running sitepost has taken it back: %w", name, why)
		}
	}()
	return func() { cancel(); <-over }, taken, nil
}

// open sends a request and returns what comes back as it comes.
func (c Client) open(ctx context.Context, method, path string) (io.ReadCloser, error) {
	if len(c.Path) > mostPath {
		return nil, tooLong(c.Path)
	}
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", c.Path)
		},
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://sitepost"+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := transport.RoundTrip(request)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("%s: %w", c.Path, ErrNobody)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%s: %w (run as root, or as a member of the group of sitepost)", c.Path, fs.ErrPermission)
	case err != nil:
		return nil, c.late(err)
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, nil
	}
	defer response.Body.Close()
	why, err := io.ReadAll(io.LimitReader(response.Body, 4096))
	if err != nil {
		return nil, c.late(err)
	}
	return nil, errors.New(strings.TrimSpace(string(why)))
}

// late says of an answer that did not come, or not in its time, whose fault that is.
func (c Client) late(err error) error {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", c.Path, ErrHangs)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return fmt.Errorf("%s: %w", c.Path, errHungUp)
	}
	return err
}

var errHungUp = errors.New("the running sitepost has hung up")

// eachRow calls each with every row of an answer, until the answer ends or each returns
// an error.
func eachRow[T any](body io.Reader, each func(T) error) error {
	rows := bufio.NewScanner(body)
	rows.Buffer(nil, maxRow)
	for rows.Scan() {
		var row T // what one leaves out is not what the one before said
		if err := json.Unmarshal(rows.Bytes(), &row); err != nil {
			return fmt.Errorf("answer of the running sitepost: %w", err)
		}
		if err := each(row); err != nil {
			return err
		}
	}
	return rows.Err()
}
