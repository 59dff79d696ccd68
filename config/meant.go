package config

import (
	"net/netip"
	"time"

	"sitepost/devices"
)

// A Config is a site as meant: every value makes sense, every name that is
// referred to exists, every default is filled in. Order is that of the file.
type Config struct {
	Path string // of the file
	Hash string // SHA-256 of its bytes, in hex

	Version     int
	Site        Site
	Network     Network
	Clock       Clock
	Store       Store
	Uplink      Uplink
	Commands    Commands
	Cards       Cards
	HD          HD
	Stream      Stream
	Zones       []Zone
	Lines       []Line
	Instruments []Instrument
	Logins      []Login
	Recorders   []Recorder
	Cameras     []Camera
	Page        Page

	file *file
}

// A file is what is kept of the file a Config came from.
type file struct {
	src   *source
	needs []need
	name  span // of the site
}

// Site is the guarded unit.
type Site struct {
	Name, Title    string
	Code           string    // 20 digits, "" until the city gave one
	Kinds          []string  // requirement profiles of the report
	Address        string    // postal
	Position       *Position // nil: not told
	ManagementUnit string
	DutyPhone      string
	SecurityLevel  int // ISPS 1 to 3; 0 is not set
}

// A Position is WGS-84, in degrees.
type Position struct{ Latitude, Longitude float64 }

// Network says where sitepost may speak to devices.
type Network struct {
	DeviceInterfaces []string
	DeviceNetworks   []netip.Prefix
	Discover         Discover // default listen with an interface, off without
}

// Clock says what the box compares its clock with.
type Clock struct {
	CompareWith []string      // host or host:port
	Warn, Alarm time.Duration // default 500 ms, 5 s
}

// Store says where and how much is kept.
type Store struct {
	Directory  string        // default /var/lib/sitepost
	Size       int64         // bytes, of everything in it; default 1 GiB
	KeepAlarms time.Duration // that are done; default 30 days

	KeepReadings, KeepEvents time.Duration // that wait for the city; default 24 hours, 14 days

	KeepPictures time.Duration // default 7 days; they also have a quarter of Size at most
}

// Uplink says how the city is reached.
type Uplink struct {
	ClientID        string        // default the site's name
	CA, Certificate string        // paths; "" is none
	Key             Secret        // of Certificate
	Receipt         Receipt       // default broker
	KeepAlive       time.Duration // default 15 s
	DrainRate       int           // old messages per second; default 50
	DrainStart      time.Duration // default 5 min
	Readings        time.Duration // default 60 s
	Hook            string        // path of a program that is run when the way to the city is lost or back; "" is none
	Brokers         []Broker      // preferred first; may be empty while a site has no city yet
}

// A Broker is one of the city's.
type Broker struct {
	Name       string
	URL        string // "mqtts://host:port" or "mqtt://host:port", always with a port
	TLS        bool
	ServerName string // in its certificate; "" is the host of URL
	User       User
	Password   Secret
}

// Commands is what the city may ask.
type Commands struct {
	Allow   []Command // none: nothing
	SignKey Secret    // with it, unsigned commands are refused
}

// Cards says under which key card numbers leave.
type Cards struct {
	Key   Secret // zero: card numbers do not leave
	KeyID string
}

// HD is what the site calls high definition; Width 0: it does not say, and
// nothing is judged.
type HD struct {
	Width, Height int     // pixels
	FPS           float64 // 0: not judged
}

// Stream says from when on a stream is degraded.
type Stream struct {
	Loss    float64       // share of packets, 0 to 1; default 0.001, 1: not judged
	Jitter  time.Duration // default 50 ms
	FPS     float64       // below; default 25, 0: not judged
	Bitrate int64         // below, bit/s; default 2 Mbit/s, 0: not judged
	Clock   time.Duration // default 5 s; beyond it a condition of its own

	FirstFrame time.Duration // from dialling to the first whole key frame; default 5 s
}

// A Zone is a part of the site.
type Zone struct {
	Name, Title string
	Class       string
	Also        []string // what else it is
	Place       string   // GB/T 28181-2022 Annex O, 7 digits; "" not told
}

// A Line is a serial line or a serial server.
type Line struct {
	Name, Title string
	Port        string        // of a tty: its path; "" for a serial server
	Address     string        // of a serial server or a device of Modbus TCP: "10.37.20.60:4001"; "" for a tty
	ModbusTCP   bool          // at Address is spoken Modbus TCP, not what goes over a serial line
	Settings    Settings      // default those of the profiles on it; zero on Modbus TCP
	Use         Use           // default ask
	Pause       time.Duration // between two questions; default 10 ms, none on Modbus TCP
	Mixed       bool          // instruments of different protocols share it
	Preamble    []byte        // what a serial server mixes in
}

// An Instrument is anything that speaks on a line. It stands in Zone, or
// between From and To.
type Instrument struct {
	Name, Title    string
	Kind           devices.Kind // default the profile's
	Zone, From, To string
	Forward        string // the profile's point that is From → To; "" unknown
	Code           string // 20 digits
	Profile        string // "" with a Protocol
	Protocol       Protocol
	Line           string
	Address        int       // default 1 where the profile has none
	Channel        int       // of a controller, from 1; 0 for what has none
	Span           *Span     // nil where the profile knows it
	Limits         *Limits   // nil: none, or the detector sends its own alarms
	Calibrated     time.Time // the day, zero unknown
	CalibrateEvery time.Duration
	Silence        time.Duration // 0: as the profile says
	NeverSilent    bool          // it may say nothing for ever
	AcceptGuessed  bool
	MaySend        []string // questions in the one spelling of profiles: "AC 0D"
	Role           Role     // of a card reader; default access
	SecureKey      Secret   // OSDP
	Install        bool     // OSDP: the default key is let in, and all is marked as a test
	Disabled       *Disabled
	Inputs         []Input
}

// A Span is what a 4–20 mA transmitter means by 4 mA and by 20 mA.
type Span struct {
	Low, High float64
	Unit      string
}

// Limits are the site's own for a gas detector. Low and High are reached from
// below; an alarm ends when the value is more than Hysteresis below its limit.
type Limits struct {
	Low, High, Hysteresis float64
	Unit                  string
}

// Disabled says since when and why a device is not in use.
type Disabled struct {
	Since time.Time
	Why   string
}

// An Input is what is wired to one terminal of a contact module.
type Input struct {
	Terminal       string
	Code           devices.Code
	NormallyClosed bool
	Pulse          bool          // an occurrence, nothing to clear
	Steady         time.Duration // must stay so long to count
	Stretch        time.Duration // is shown at least so long
}

// A Login is a user of cameras and recorders.
type Login struct {
	Name, User string
	Password   Secret
}

// A Recorder records several cameras.
type Recorder struct {
	Name, Title, Code string
	Host              string // address, with a port where it is not the usual one
	Serial, Endpoint  string // its identity, as far as it was written
	HTTPS             bool   // nothing but https is spoken to it
	OnvifPin          string // "sha256:" and 64 hex digits; "" trusted on first use
	Events            bool   // its events are listened to; default true
	Login             string
	Sessions          int // RTSP sessions we take at most; default 2
	KeepDays          int // 0: nothing is required
	Disabled          *Disabled
}

// A Camera is reached at Host with Login, or through Recorder at Channel. It
// stands in Zone, or between From and To.
type Camera struct {
	Name, Title    string
	Zone, From, To string
	AlsoSees       []string
	Code           string
	Host, Login    string
	Serial         string
	Endpoint       string
	Recorder       string
	Channel        int   // as the recorder's screen counts, from 1; 0 without a recorder
	Watch          Watch // default sampled
	WatchWhy       string
	Metadata       bool      // its ONVIF metadata track is listened to
	Transport      Transport // default tcp
	MainProfile    string    // token of the profile that is watched; "" is the largest
	SubProfile     string    // likewise the smallest
	StreamPin      string    // "sha256:" and 64 hex digits; "" trusted on first use
	HTTPS          bool      // nothing but https is spoken to it
	OnvifPin       string    // of its ONVIF certificate, likewise
	Events         bool      // its events are listened to; default true
	Motion         Motion    // default event
	SendPictures   bool
	Disabled       *Disabled
}

// Page is the technician's page.
type Page struct {
	Listen string // address:port on this machine; default 127.0.0.1:8480; "" is off
}
