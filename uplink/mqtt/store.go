package mqtt

import "github.com/eclipse/paho.mqtt.golang/packets"

// forgetful is a paho store that keeps nothing: what must be kept is kept in
// the store of the site, and sent again from there.
type forgetful struct{}

func (forgetful) Open()                             {}
func (forgetful) Put(string, packets.ControlPacket) {}
func (forgetful) Get(string) packets.ControlPacket  { return nil }
func (forgetful) All() []string                     { return nil }
func (forgetful) Del(string)                        {}
func (forgetful) Close()                            {}
func (forgetful) Reset()                            {}
