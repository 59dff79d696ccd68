package control

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	osuser "os/user"
	"strconv"
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
	return context.WithValue(context.WithValue(ctx, peerKey{}, who), userKey{}, nameOf(uid))
}

// userKey is where the context of a connection keeps which user is at its other end.
type userKey struct{}

// user says which person asks, for an event: "root (uid 0)".
func user(ctx context.Context) string {
	who, ok := ctx.Value(userKey{}).(string)
	if !ok {
		return "somebody on this machine"
	}
	return who
}

func nameOf(uid int) string {
	name := "somebody"
	if u, err := osuser.LookupId(strconv.Itoa(uid)); err == nil {
		name = u.Username
	}
	return fmt.Sprintf("%s (uid %d)", name, uid)
}

// peer says who asks, for the log: the process, its user and its command line.
func peer(ctx context.Context) string {
	who, ok := ctx.Value(peerKey{}).(string)
	if !ok {
		return "unknown"
	}
	return who
}
