package control

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
)

// peerKey is where the context of a connection keeps who is at its other end.
type peerKey struct{}

// withPeer puts down who has connected.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	pid, uid, err := credentials(c)
	if err != nil {
		return ctx
	}
	who := fmt.Sprintf("process %d of user %d", pid, uid)
	if words, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil {
		words = bytes.ReplaceAll(bytes.TrimRight(words, "\x00"), []byte{0}, []byte{' '})
		who += fmt.Sprintf(": %.200q", words)
	}
	return withPerson(context.WithValue(ctx, peerKey{}, who), uid)
}

// peer says who asks, for the log: the process, its user and its command line.
func peer(ctx context.Context) string {
	who, ok := ctx.Value(peerKey{}).(string)
	if !ok {
		return "unknown"
	}
	return who
}
