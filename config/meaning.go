package config

import (
	"net/netip"
	"time"

	"sitepost/devices"
)

// Defaults of what a file leaves out; the manual names them.
const (
	clockWarn        = 500 * time.Millisecond
	clockAlarm       = 5 * time.Second
	storeDirectory   = "/var/lib/sitepost"
	storeSize        = 1 << 30
	keepAlarms       = 30 * 24 * time.Hour
	keepReadings     = 24 * time.Hour
	keepEvents       = 14 * 24 * time.Hour
	keepPictures     = 7 * 24 * time.Hour
	keepAlive        = 15 * time.Second
	drainRate        = 50
	drainStart       = 5 * time.Minute
	readingsEvery    = time.Minute
	streamLoss       = 0.001
	streamJitter     = 50 * time.Millisecond
	streamFPS        = 25
	streamBitrate    = 2_000_000
	streamClock      = 5 * time.Second
	streamFirstFrame = 5 * time.Second
	linePause        = 10 * time.Millisecond
	recorderSessions = 2
	pageListen       = "127.0.0.1:8480"
)

// meant turns a file without mistakes into a Config.
func (r *rules) meant() *Config {
	w := r.w
	c := &Config{
		Path: r.src.name, Hash: r.src.hash, Version: w.Version.V,
		Site: w.Site.meant(), Network: w.Network.meant(), Uplink: w.Uplink.meant(string(w.Site.Name.V)),
		Clock:    Clock{texts(w.Clock.CompareWith), timeOr(w.Clock.Warn, clockWarn), timeOr(w.Clock.Alarm, clockAlarm)},
		Store:    w.Store.meant(),
		Commands: Commands{w.Commands.Allow.values(), w.Commands.SignKey.V},
		Cards:    Cards{w.Cards.Key.V, w.Cards.KeyID.V},
		HD:       HD{w.HD.Size.V.width, w.HD.Size.V.height, w.HD.FPS.V},
		Stream: Stream{
			w.Stream.Loss.or(streamLoss), timeOr(w.Stream.Jitter, streamJitter), w.Stream.FPS.or(streamFPS),
			int64(w.Stream.Bitrate.or(streamBitrate)), timeOr(w.Stream.Clock, streamClock),
			timeOr(w.Stream.FirstFrame, streamFirstFrame),
		},
		Page: Page{string(w.Page.Listen.or(pageListen))},
		file: &file{r.src, r.needs, w.Site.Name.at},
	}
	for _, z := range w.Zones {
		c.Zones = append(c.Zones, Zone{string(z.Name.V), z.Title.V, string(z.Class.V), texts(z.Also), string(z.Place.V)})
	}
	for i := range w.Lines {
		l := &w.Lines[i]
		c.Lines = append(c.Lines, l.meant(r.settings(l)))
	}
	for i := range w.Instruments {
		c.Instruments = append(c.Instruments, r.instrument(&w.Instruments[i]))
	}
	for _, l := range w.Logins {
		c.Logins = append(c.Logins, Login{string(l.Name.V), l.User.V, l.Password.V})
	}
	for i := range w.Recorders {
		c.Recorders = append(c.Recorders, w.Recorders[i].meant())
	}
	for i := range w.Cameras {
		c.Cameras = append(c.Cameras, w.Cameras[i].meant())
	}
	return c
}

func (w *wStore) meant() Store {
	return Store{
		string(w.Directory.or(storeDirectory)), int64(w.Size.or(storeSize)), timeOr(w.KeepAlarms, keepAlarms),
		timeOr(w.KeepReadings, keepReadings), timeOr(w.KeepEvents, keepEvents), timeOr(w.KeepPictures, keepPictures),
	}
}

// timeOr returns a duration, or def if it was not written.
func timeOr(v val[duration], def time.Duration) time.Duration {
	return time.Duration(v.or(duration(def)))
}

// texts returns a list of words as plain strings.
func texts[T ~string](l several[T]) []string {
	var all []string
	for _, v := range l.values() {
		all = append(all, string(v))
	}
	return all
}

func (s wSite) meant() Site {
	site := Site{
		Name: string(s.Name.V), Title: s.Title.V, Code: string(s.Code.V), Kinds: texts(s.Kinds), Address: s.Address.V,
		ManagementUnit: s.ManagementUnit.V, DutyPhone: s.DutyPhone.V, SecurityLevel: s.SecurityLevel.V,
	}
	if at := s.Position.values(); len(at) == 2 {
		site.Position = &Position{at[0], at[1]}
	}
	return site
}

func (n wNetwork) meant() Network {
	def := DiscoverOff
	if len(n.DeviceInterfaces.Items) > 0 {
		def = DiscoverListen
	}
	var networks []netip.Prefix
	for _, v := range n.DeviceNetworks.values() {
		networks = append(networks, v.Prefix)
	}
	return Network{texts(n.DeviceInterfaces), networks, n.Discover.or(def)}
}

func (u wUplink) meant(site string) Uplink {
	up := Uplink{
		ClientID: u.ClientID.or(site), CA: string(u.CA.V.filePath), Certificate: string(u.Certificate.V.filePath), Key: u.Key.V,
		Receipt: u.Receipt.or(ByBroker), KeepAlive: timeOr(u.KeepAlive, keepAlive), DrainRate: u.DrainRate.or(drainRate),
		DrainStart: timeOr(u.DrainStart, drainStart), Readings: timeOr(u.Readings, readingsEvery),
		Hook: string(u.Hook.V.filePath),
	}
	for _, b := range u.Brokers {
		up.Brokers = append(up.Brokers, Broker{string(b.Name.V), b.URL.V.text, b.URL.V.tls, b.ServerName.V, b.User.V, b.Password.V})
	}
	return up
}

func (l *wLine) meant(s Settings) Line {
	line := Line{
		Name: string(l.Name.V), Title: l.Title.V, Port: l.Port.V.text, Settings: s, Use: l.Use.or(Ask),
		Pause: timeOr(l.Pause, linePause), Mixed: l.Mixed.V, Preamble: l.Preamble.V.bytes, ModbusTCP: l.Port.V.modbus,
	}
	if line.ModbusTCP {
		line.Pause = timeOr(l.Pause, 0)
	}
	if l.Port.V.tcp != nil {
		line.Port, line.Address = "", l.Port.V.tcp.String()
	}
	return line
}

func (r *rules) instrument(d *wDevice) Instrument {
	in := Instrument{
		Name: string(d.Name.V), Title: d.Title.V, Kind: r.kind(d), Zone: d.Zone.V, From: d.From.V, To: d.To.V, Forward: d.Forward.V,
		Code: string(d.Code.V), Profile: d.Profile.V, Protocol: d.Protocol.V, Line: d.Line.V, Address: d.address(), Channel: d.Channel.V, Limits: r.limits(d),
		Calibrated: d.Calibrated.V.Time, CalibrateEvery: time.Duration(d.CalibrateEvery.V),
		Silence: time.Duration(d.Silence.V.longest), NeverSilent: d.Silence.V.never,
		AcceptGuessed: d.AcceptGuessed.V, Role: d.Role.V, SecureKey: d.SecureKey.V, Install: d.Install.V, Disabled: d.Disabled.meant(),
	}
	if in.Kind == devices.CardReader {
		in.Role = d.Role.or(RoleAccess)
	}
	if s := d.Span; s.there {
		in.Span = &Span{s.Low.V, s.High.V, s.Unit.V}
	}
	for _, m := range d.MaySend.values() {
		in.MaySend = append(in.MaySend, m.text)
	}
	for _, i := range d.Inputs {
		in.Inputs = append(in.Inputs, Input{
			Terminal: string(i.Terminal.V), Code: devices.Code(i.Code.V), NormallyClosed: i.Normally.V == normallyClosed,
			Pulse: i.Pulse.V, Steady: time.Duration(i.Steady.V), Stretch: time.Duration(i.Stretch.V),
		})
	}
	return in
}

func (d wDisabled) meant() *Disabled {
	if !d.there {
		return nil
	}
	return &Disabled{d.Since.V.Time, d.Why.V}
}

func (d wRecorder) meant() Recorder {
	return Recorder{
		Name: string(d.Name.V), Title: d.Title.V, Code: string(d.Code.V), Host: d.Host.V.String(), Login: d.Login.V,
		Serial: d.Serial.V, Endpoint: string(d.Endpoint.V), HTTPS: d.HTTPS.V, OnvifPin: string(d.OnvifPin.V), Events: d.Events.or(true),
		Sessions: d.Sessions.or(recorderSessions), KeepDays: d.KeepDays.V, Disabled: d.Disabled.meant(),
	}
}

func (d wCamera) meant() Camera {
	c := Camera{
		Name: string(d.Name.V), Title: d.Title.V, Zone: d.Zone.V, From: d.From.V, To: d.To.V, AlsoSees: texts(d.AlsoSees),
		Code: string(d.Code.V), Login: d.Login.V, Serial: d.Serial.V, Endpoint: string(d.Endpoint.V),
		Recorder: d.Recorder.V, Channel: d.Channel.V, Watch: d.Watch.or(WatchSampled), WatchWhy: d.WatchWhy.V,
		Metadata: d.Metadata.V, Transport: d.Transport.or(TCP), StreamPin: string(d.StreamPin.V), Motion: d.Motion.or(MotionEvent),
		MainProfile: d.MainProfile.V, SubProfile: d.SubProfile.V, HTTPS: d.HTTPS.V, OnvifPin: string(d.OnvifPin.V), Events: d.Events.or(true),
		SendPictures: d.SendPictures.V, Disabled: d.Disabled.meant(),
	}
	if d.Host.OK {
		c.Host = d.Host.V.String()
	}
	return c
}
