package devices

// A Kind is what sort of device something is.
type Kind string

const (
	Gate              Kind = "gate"
	Door              Kind = "door"
	XRay              Kind = "xray"
	MetalDetectorGate Kind = "metal_detector_gate"
	GasDetector       Kind = "gas_detector"
	CardReader        Kind = "card_reader"
	PanicButton       Kind = "panic_button"
	Contacts          Kind = "contacts"
	Camera            Kind = "camera"
	Recorder          Kind = "recorder"
	LineKind          Kind = "line"
	Box               Kind = "box"
)

// InstrumentKinds lists what an [[instrument]] or a profile may be.
func InstrumentKinds() []Kind {
	return []Kind{Gate, Door, XRay, MetalDetectorGate, GasDetector, CardReader, PanicButton, Contacts}
}
