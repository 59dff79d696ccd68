package mqtt

import (
	"context"
	"net"
	"net/url"
	"time"
)

// open makes the connection that paho will speak over: TCP, then TLS where the
// URL says so, then the fence.
func (o Options) open(ctx context.Context, target *url.URL) (*fence, time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, connectPatience)
	defer cancel()
	dialer := net.Dialer{Control: noticeSilence, KeepAlive: 15 * time.Second}
	raw, err := dialer.DialContext(ctx, "tcp", target.Host)
	if err != nil {
		return nil, time.Time{}, err
	}
	if target.Scheme == "mqtt" {
		return newFence(raw, raw), time.Time{}, nil
	}
	secure, tolerated, err := o.encrypt(ctx, raw, target.Hostname())
	if err != nil {
		_ = raw.Close()
		return nil, time.Time{}, err
	}
	return newFence(secure, raw), tolerated, nil
}
