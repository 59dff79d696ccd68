package config

// The file as written: one struct per table, one field per key, in the order of
// the manual. The tag toml is the key; must says what to write where a key may
// not be missing; between bounds a figure. Every key stands in site.toml, the
// manual: a test holds that.

type written struct {
	table
	Version     val[int]    `toml:"version" must:"version = 1"`
	Site        wSite       `toml:"site" must:"[site] and below it name = \"…\""`
	Network     wNetwork    `toml:"network"`
	Clock       wClock      `toml:"clock"`
	Store       wStore      `toml:"store"`
	Uplink      wUplink     `toml:"uplink"`
	Commands    wCommands   `toml:"commands"`
	Cards       wCards      `toml:"cards"`
	HD          wHD         `toml:"hd"`
	Stream      wStream     `toml:"stream"`
	Zones       []wZone     `toml:"zone"`
	Lines       []wLine     `toml:"line"`
	Instruments []wDevice   `toml:"instrument"`
	Logins      []wLogin    `toml:"login"`
	Recorders   []wRecorder `toml:"recorder"`
	Cameras     []wCamera   `toml:"camera"`
	Page        wPage       `toml:"page"`
}

type wSite struct {
	table
	Name           val[name]        `toml:"name" must:"name = \"…\", the permanent name of the site ([a-z0-9-], 1-32 characters)"`
	Title          val[string]      `toml:"title"`
	Code           val[gbCode]      `toml:"code"`
	Kinds          several[word]    `toml:"kinds"`
	Address        val[string]      `toml:"address"`
	Position       several[float64] `toml:"position"`
	ManagementUnit val[string]      `toml:"management_unit"`
	DutyPhone      val[string]      `toml:"duty_phone"`
	SecurityLevel  val[int]         `toml:"security_level" between:"1 3"`
}

type wNetwork struct {
	table
	DeviceInterfaces several[networkInterface] `toml:"device_interfaces"`
	DeviceNetworks   several[network]          `toml:"device_networks"`
	Discover         val[Discover]             `toml:"discover"`
}

type wClock struct {
	table
	CompareWith several[timeServer] `toml:"compare_with"`
	Warn        val[duration]       `toml:"warn" between:"1ms 1h"`
	Alarm       val[duration]       `toml:"alarm" between:"1ms 1d"`
}

type wStore struct {
	table
	Directory  val[filePath] `toml:"directory"`
	Size       val[size]     `toml:"size" between:"64MiB 64TiB"`
	KeepAlarms val[duration] `toml:"keep_alarms" between:"1d 3650d"`

	KeepReadings val[duration] `toml:"keep_readings" between:"1m 3650d"`
	KeepEvents   val[duration] `toml:"keep_events" between:"1h 3650d"`

	KeepPictures val[duration] `toml:"keep_pictures" between:"1h 3650d"`
}

type wUplink struct {
	table
	ClientID    val[string]          `toml:"client_id"`
	CA          val[certificateFile] `toml:"ca"`
	Certificate val[certificateFile] `toml:"certificate"`
	Key         val[Secret]          `toml:"key"`
	Receipt     val[Receipt]         `toml:"receipt"`
	KeepAlive   val[duration]        `toml:"keep_alive" between:"1s 1h"`
	DrainRate   val[int]             `toml:"drain_rate" between:"1 10000"`
	DrainStart  val[duration]        `toml:"drain_start" between:"0s 1d"`
	Readings    val[duration]        `toml:"readings" between:"1s 1d"`
	Hook        val[programFile]     `toml:"hook"`
	Brokers     []wBroker            `toml:"broker"`
}

type wBroker struct {
	table
	Name       val[name]      `toml:"name" must:"name = \"city-a\""`
	URL        val[brokerURL] `toml:"url" must:"url = \"mqtts://10.37.1.10:8883\""`
	ServerName val[string]    `toml:"server_name"`
	User       val[User]      `toml:"user"`
	Password   val[Secret]    `toml:"password"`
}

type wCommands struct {
	table
	Allow   several[Command] `toml:"allow"`
	SignKey val[Secret]      `toml:"sign_key"`
}

type wCards struct {
	table
	Key   val[Secret] `toml:"key" must:"key = \"file:/etc/sitepost/secrets/card-key\""`
	KeyID val[string] `toml:"key_id" must:"key_id = \"…\", the city's name for this key"`
}

type wHD struct {
	table
	Size val[frameSize] `toml:"size" must:"size = \"1920x1080\""`
	FPS  val[float64]   `toml:"fps" between:"1 240"`
}

type wStream struct {
	table
	Loss    val[float64]  `toml:"loss" between:"0 1"`
	Jitter  val[duration] `toml:"jitter" between:"1ms 1m"`
	FPS     val[float64]  `toml:"fps" between:"0 240"`
	Bitrate val[bitRate]  `toml:"bitrate" between:"0bit/s 10Gbit/s"`
	Clock   val[duration] `toml:"clock" between:"1ms 1d"`

	FirstFrame val[duration] `toml:"first_frame" between:"100ms 10m"`
}

type wZone struct {
	table
	Name  val[name]     `toml:"name" must:"name = \"entrance\""`
	Title val[string]   `toml:"title"`
	Class val[word]     `toml:"class" must:"class = \"entrance\", the kind of place"`
	Also  several[word] `toml:"also"`
	Place val[gbPlace]  `toml:"place"`
}

type wLine struct {
	table
	Name     val[name]       `toml:"name" must:"name = \"bus-a\""`
	Title    val[string]     `toml:"title"`
	Port     val[port]       `toml:"port" must:"port = \"/dev/serial/by-path/…\" or \"tcp://address:port\""`
	Settings val[Settings]   `toml:"settings"`
	Use      val[Use]        `toml:"use"`
	Pause    val[duration]   `toml:"pause" between:"0s 10s"`
	Mixed    val[bool]       `toml:"mixed"`
	Preamble val[byteString] `toml:"preamble"`
}

type wDevice struct {
	table
	Name           val[name]           `toml:"name" must:"name = \"gas-1\""`
	Title          val[string]         `toml:"title"`
	Kind           val[string]         `toml:"kind"`
	Zone           val[string]         `toml:"zone"`
	From           val[string]         `toml:"from"`
	To             val[string]         `toml:"to"`
	Forward        val[string]         `toml:"forward"`
	Code           val[gbCode]         `toml:"code"`
	Profile        val[string]         `toml:"profile"`
	Protocol       val[Protocol]       `toml:"protocol"`
	Line           val[string]         `toml:"line" must:"line = \"…\", the name of a [[line]]"`
	Address        val[int]            `toml:"address" between:"0 255"`
	Channel        val[int]            `toml:"channel" between:"1 1024"`
	Span           wSpan               `toml:"span"`
	Limits         wLimits             `toml:"limits"`
	Calibrated     val[date]           `toml:"calibrated"`
	CalibrateEvery val[duration]       `toml:"calibrate_every" between:"1d 3650d"`
	Silence        val[silence]        `toml:"silence"`
	AcceptGuessed  val[bool]           `toml:"accept_guessed"`
	MaySend        several[byteString] `toml:"may_send"`
	Role           val[Role]           `toml:"role"`
	SecureKey      val[Secret]         `toml:"secure_key"`
	Install        val[bool]           `toml:"install"`
	Disabled       wDisabled           `toml:"disabled"`
	Inputs         []wInput            `toml:"input"`
}

type wSpan struct {
	table
	Low  val[float64] `toml:"low" must:"low = 0, what the transmitter means by 4 mA"`
	High val[float64] `toml:"high" must:"high = 100, what it means by 20 mA"`
	Unit val[string]  `toml:"unit" must:"unit = \"%LEL\", as on the transmitter"`
}

type wLimits struct {
	table
	Low        val[float64] `toml:"low" must:"low = 25, the figure"`
	High       val[float64] `toml:"high" must:"high = 50, the figure"`
	Hysteresis val[float64] `toml:"hysteresis"`
	Unit       val[string]  `toml:"unit" must:"unit = \"%LEL\", as on the detector"`
}

type wDisabled struct {
	table
	Since val[date]   `toml:"since" must:"since = 2026-11-01, the day"`
	Why   val[string] `toml:"why" must:"why = \"…\", the reason for whoever reads it in a year"`
}

type wInput struct {
	table
	Terminal val[terminal] `toml:"terminal" must:"terminal = 1, as printed beside the screw"`
	Code     val[string]   `toml:"code" must:"code = \"panic.pressed\", a word of the dictionary"`
	Normally val[contact]  `toml:"normally"`
	Steady   val[duration] `toml:"steady" between:"0s 1h"`
	Stretch  val[duration] `toml:"stretch" between:"0s 1h"`
	Pulse    val[bool]     `toml:"pulse"`
}

type wLogin struct {
	table
	Name     val[name]   `toml:"name" must:"name = \"cameras\""`
	User     val[string] `toml:"user" must:"user = \"…\", the ONVIF user"`
	Password val[Secret] `toml:"password" must:"password = \"file:/etc/sitepost/secrets/…\""`
}

type wRecorder struct {
	table
	Name     val[name]     `toml:"name" must:"name = \"nvr-1\""`
	Title    val[string]   `toml:"title"`
	Code     val[gbCode]   `toml:"code"`
	Host     val[host]     `toml:"host" must:"host = \"…\", its address"`
	Serial   val[string]   `toml:"serial"`
	Endpoint val[endpoint] `toml:"endpoint"`
	HTTPS    val[bool]     `toml:"https"`
	OnvifPin val[pin]      `toml:"onvif_pin"`
	Events   val[bool]     `toml:"events"`
	Login    val[string]   `toml:"login" must:"login = \"…\", the name of a [[login]]"`
	Sessions val[int]      `toml:"sessions" between:"1 64"`
	KeepDays val[int]      `toml:"keep_days" between:"1 3650"`
	Disabled wDisabled     `toml:"disabled"`
}

type wCamera struct {
	table
	Name         val[name]       `toml:"name" must:"name = \"entrance-1\""`
	Title        val[string]     `toml:"title"`
	Zone         val[string]     `toml:"zone"`
	From         val[string]     `toml:"from"`
	To           val[string]     `toml:"to"`
	AlsoSees     several[string] `toml:"also_sees"`
	Code         val[gbCode]     `toml:"code"`
	Host         val[host]       `toml:"host"`
	Serial       val[string]     `toml:"serial"`
	Endpoint     val[endpoint]   `toml:"endpoint"`
	Login        val[string]     `toml:"login"`
	Recorder     val[string]     `toml:"recorder"`
	Channel      val[int]        `toml:"channel" between:"1 1024"`
	Watch        val[Watch]      `toml:"watch"`
	WatchWhy     val[string]     `toml:"watch_why"`
	Metadata     val[bool]       `toml:"metadata"`
	Transport    val[Transport]  `toml:"transport"`
	MainProfile  val[string]     `toml:"main_profile"`
	SubProfile   val[string]     `toml:"sub_profile"`
	StreamPin    val[pin]        `toml:"stream_pin"`
	HTTPS        val[bool]       `toml:"https"`
	OnvifPin     val[pin]        `toml:"onvif_pin"`
	Events       val[bool]       `toml:"events"`
	Motion       val[Motion]     `toml:"motion"`
	SendPictures val[bool]       `toml:"send_pictures"`
	Disabled     wDisabled       `toml:"disabled"`
}

type wPage struct {
	table
	Listen val[pageAddress] `toml:"listen"`
}
