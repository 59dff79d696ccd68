package devices

// A Place says where on the site a device stands and which names and codes it
// bears. It is resolved when an event is accepted and kept in the record, so
// that a later change of the config does not move the past.
type Place struct {
	Site   Site  `json:"site"`
	Device Named `json:"device"`
	Zone   *Zone `json:"zone,omitempty"` // nil for a gate between two zones, and for the box and its lines
	From   *Zone `json:"from,omitempty"` // a gate stands between two zones
	To     *Zone `json:"to,omitempty"`
}

// A Site is the guarded unit. Code is the city's 20-digit code, "" until one
// was given.
type Site struct {
	Name          string `json:"name"`
	Code          string `json:"code,omitempty"`
	SecurityLevel int    `json:"security_level,omitempty"` // ISPS level 1 to 3; 0 is not set
}

// A Named device has a permanent name, a kind of the dictionary and, where it
// is an instrument, a profile.
type Named struct {
	Name    string `json:"name"`
	Title   string `json:"title,omitempty"`
	Kind    Kind   `json:"kind,omitempty"`
	Code    string `json:"code,omitempty"`
	Profile string `json:"profile,omitempty"`
}

// A Zone is a part of the site; Also are the other things it is.
type Zone struct {
	Name  string   `json:"name"`
	Class string   `json:"class"`
	Also  []string `json:"also,omitempty"`
}
