package cameratest

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// discoveryGroup is where WS-Discovery speaks (WS-Discovery 1.0, 2.4).
var discoveryGroup = netip.MustParseAddrPort("239.255.255.250:3702")

// A finder lets a virtual camera be found. It hears probes at the group's
// address and, unicast, at the camera's own, and answers from the latter, as a
// camera does.
type finder struct {
	camera *Camera
	group  *net.UDPConn // bound to the group's address: hears multicast only
	own    *net.UDPConn // bound to the camera's address, port 3702
	owned  sync.WaitGroup
}

func newFinder(v *Camera) (*finder, error) {
	iface, err := net.InterfaceByName(v.options.Interface)
	if err != nil {
		return nil, fmt.Errorf("interface %q: %w", v.options.Interface, err)
	}
	group, err := listenShared(discoveryGroup)
	if err != nil {
		return nil, err
	}
	// Joined by the interface's index: lo has no multicast route, and needs none.
	if err := ipv4.NewPacketConn(group).JoinGroup(iface, net.UDPAddrFromAddrPort(discoveryGroup)); err != nil {
		return nil, errors.Join(fmt.Errorf("join %s on %q: %w", discoveryGroup.Addr(), iface.Name, err), group.Close())
	}
	at := netip.MustParseAddrPort(v.address)
	own, err := listenShared(netip.AddrPortFrom(at.Addr(), discoveryGroup.Port()))
	if err != nil {
		return nil, errors.Join(err, group.Close())
	}
	if err := ipv4.NewPacketConn(own).SetMulticastInterface(iface); err != nil {
		return nil, errors.Join(fmt.Errorf("speak to %s on %q: %w", discoveryGroup.Addr(), iface.Name, err), group.Close(), own.Close())
	}
	f := &finder{camera: v, group: group, own: own}
	f.hello()
	f.owned.Go(func() { f.listen(group) })
	f.owned.Go(func() { f.listen(own) })
	return f, nil
}

// listenShared opens a UDP socket whose port others may open too: the kernel
// hands every multicast datagram to each of them.
func listenShared(at netip.AddrPort) (*net.UDPConn, error) {
	share := func(_, _ string, c syscall.RawConn) error {
		var set error
		err := c.Control(func(fd uintptr) {
			set = errors.Join(
				unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1),
				unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
		})
		return errors.Join(err, set)
	}
	c, err := (&net.ListenConfig{Control: share}).ListenPacket(context.Background(), "udp4", at.String())
	if err != nil {
		return nil, fmt.Errorf("listen for probes at %s: %w", at, err)
	}
	return c.(*net.UDPConn), nil
}

// call says something unasked to everybody, as a camera does that comes or goes.
func (f *finder) call(what string) {
	if !f.camera.offline.Load() {
		_, _ = f.own.WriteToUDPAddrPort([]byte(what), discoveryGroup)
	}
}

func (f *finder) hello() {
	f.call(Hello(f.camera.options.Endpoint, f.xaddrs(), scopes(f.camera.options)))
}

// SayHello makes a camera with an Interface say that it has come, as after a power
// cut.
func (v *Camera) SayHello() { v.finder.hello() }

func (f *finder) close() error {
	f.call(Bye(f.camera.options.Endpoint))
	err := errors.Join(f.group.Close(), f.own.Close())
	f.owned.Wait()
	return err
}

// listen answers every probe that comes, until the socket is closed.
func (f *finder) listen(c *net.UDPConn) {
	buffer := make([]byte, 64<<10)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		messageID, types, ok := probed(buffer[:n])
		if !ok || f.camera.offline.Load() || f.deafTo(buffer[:n], types, c == f.own) {
			continue
		}
		if wait := f.camera.options.DiscoverAfter; wait > 0 && !f.camera.pause(context.Background(), wait) {
			return
		}
		f.answer(messageID, from)
	}
}

// deafTo says whether the camera does not hear a probe, on purpose.
func (f *finder) deafTo(datagram []byte, types []string, unicast bool) bool {
	switch f.camera.options.Trouble {
	case StopsAtProlog:
		return unicast && bytes.HasPrefix(datagram, []byte("<?xml"))
	case TypedOnly:
		return len(types) == 0
	case UntypedOnly:
		return len(types) > 0
	}
	return false
}

// probed returns the MessageID and the types of a probe that a camera has to
// answer: one for its own types or for none.
func probed(datagram []byte) (messageID string, types []string, ok bool) {
	var m struct {
		Header struct{ MessageID string }
		Body   struct{ Probe *struct{ Types string } }
	}
	if err := xml.Unmarshal(datagram, &m); err != nil || m.Body.Probe == nil {
		return "", nil, false
	}
	types = strings.Fields(m.Body.Probe.Types)
	ours := slices.ContainsFunc(types, func(t string) bool {
		return strings.HasSuffix(t, ":NetworkVideoTransmitter") || strings.HasSuffix(t, ":Device")
	})
	return strings.TrimSpace(m.Header.MessageID), types, ours || len(types) == 0
}

func (f *finder) answer(messageID string, to netip.AddrPort) {
	o := f.camera.options
	if o.Noise != nil {
		for _, noise := range o.Noise(messageID) {
			_, _ = f.own.WriteToUDPAddrPort(noise, to)
		}
	}
	if o.Trouble == WrongRelatesTo {
		messageID = "urn:uuid:00000000-0000-4000-8000-000000000000"
	}
	_, _ = f.own.WriteToUDPAddrPort([]byte(ProbeMatch(o.Endpoint, messageID, f.xaddrs(), scopes(o))), to)
}

// xaddrs is where the camera says that it can be asked.
func (f *finder) xaddrs() string {
	if f.camera.options.Trouble == EmptyXAddrs {
		return ""
	}
	return "http://" + f.camera.address + f.camera.options.DevicePath
}

// scopes are what a camera tells of itself without a login.
func scopes(o Options) string {
	return strings.Join([]string{
		"onvif://www.onvif.org/type/video_encoder",
		"onvif://www.onvif.org/Profile/Streaming",
		"onvif://www.onvif.org/hardware/" + url.PathEscape(o.Model),
		"onvif://www.onvif.org/name/" + url.PathEscape(o.Vendor+" "+o.Model),
	}, " ")
}

// ProbeMatch writes a WS-Discovery answer. Its arguments go in as they are,
// escaped only as XML text, so that a test can say anything with it.
func ProbeMatch(endpoint, relatesTo, xaddrs, scopes string) string {
	return saying("ProbeMatches", `<a:RelatesTo>`+asText(relatesTo)+`</a:RelatesTo>`,
		`<d:ProbeMatch>`+self(endpoint, xaddrs, scopes)+`</d:ProbeMatch>`)
}

// Hello writes what a camera says when it comes (WS-Discovery 1.0, 4.1).
func Hello(endpoint, xaddrs, scopes string) string {
	return saying("Hello", "", self(endpoint, xaddrs, scopes))
}

// Bye writes what a camera says when it goes (WS-Discovery 1.0, 4.2).
func Bye(endpoint string) string {
	return saying("Bye", "", `<a:EndpointReference><a:Address>`+asText(endpoint)+`</a:Address></a:EndpointReference>`)
}

func self(endpoint, xaddrs, scopes string) string {
	return `<a:EndpointReference><a:Address>` + asText(endpoint) + `</a:Address></a:EndpointReference>` +
		`<d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes>` + asText(scopes) + `</d:Scopes><d:XAddrs>` + asText(xaddrs) + `</d:XAddrs>` +
		`<d:MetadataVersion>1</d:MetadataVersion>`
}

func saying(action, header, body string) string {
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>`+
		`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" `+
		`xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl">`+
		`<s:Header><a:MessageID>urn:uuid:%016x</a:MessageID>%[3]s`+
		`<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/%[2]s</a:Action></s:Header>`+
		`<s:Body><d:%[2]s>%[4]s</d:%[2]s></s:Body></s:Envelope>`,
		time.Now().UnixNano(), action, header, body)
}

// asText escapes a word for XML.
func asText(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}
