package mqtt

import (
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"sitepost/uplink"
)

// Bare returns the options that a session gives its paho client, for a test that
// puts the same client to work with nothing of ours around it.
func (o Options) Bare() (*paho.ClientOptions, error) {
	if o.KeepAlive < time.Second {
		o.KeepAlive = 15 * time.Second
	}
	target, err := parse(o.URL)
	if err != nil {
		return nil, err
	}
	c, err := o.client(uplink.Will{})
	if err != nil {
		return nil, err
	}
	return c.AddBroker("tcp://" + target.Host), nil
}
