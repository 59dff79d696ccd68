package control

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
)

// peerKey is where the context of a connection keeps who is at its other end.
type peerKey struct{}

// withPeer puts down who has connected.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	if g, is := c.(guest); is {
		c = g.UnixConn
	}
	pid, uid, err := credentials(c)
	if err != nil {
		return ctx
	}
	who := fmt.Sprintf("process %d of user %d", pid, uid)
	if words := commandOf(pid); words != nil {
		who += fmt.Sprintf(": %.200q", bytes.ReplaceAll(bytes.TrimRight(words, "\x00"), []byte{0}, []byte{' '}))
	}
	return withPerson(context.WithValue(ctx, peerKey{}, who), uid)
}

// commandOf is how the command line of a process begins, nil where nobody may know. It may
// have megabytes.
func commandOf(pid int) []byte {
	const most = 512
	f, err := os.Open(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return nil
	}
	defer f.Close()
	words, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return nil
	}
	return words
}

// peer says who asks, for the log: the process, its user and its command line.
func peer(ctx context.Context) string {
	who, ok := ctx.Value(peerKey{}).(string)
	if !ok {
		return "unknown"
	}
	return who
}
