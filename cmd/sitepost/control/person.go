package control

import (
	"context"
	"fmt"
	"os/user"
	"strconv"
)

// personKey is where the context of a connection keeps whose process is at its other
// end.
type personKey struct{}

// withPerson puts down who it is: "root (uid 0)".
func withPerson(ctx context.Context, uid int) context.Context {
	who := fmt.Sprintf("uid %d", uid)
	if account, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		who = fmt.Sprintf("%s (%s)", account.Username, who)
	}
	return context.WithValue(ctx, personKey{}, who)
}

// person says who asks, for what is told of a person's act: the account, never the command
// line.
func person(ctx context.Context) string {
	who, ok := ctx.Value(personKey{}).(string)
	if !ok {
		return "somebody at the box"
	}
	return who
}
