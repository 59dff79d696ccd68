package metadata

import (
	"math"
	"strconv"
	"strings"

	"sitepost/devices/camera/onvif"
)

// A class is what a camera takes an object for, in the three forms that the standard
// has had. A camera may use several of them at once, as Hanwha's do (their final
// answer is the newest form).
type class struct {
	Type           []word
	ClassCandidate []candidate
	Extension      struct{ OtherTypes []candidate }
}

type word struct {
	Likelihood string `xml:",attr"`
	Text       string `xml:",chardata"`
}

type candidate struct{ Type, Likelihood string }

// Words for what no word of the camera is used for.
const (
	unclassified = "unclassified" // the camera does not say what it is
	other        = "other"        // it has said too many words already
)

// ours are our words for those of cameras, in small letters. "Vehical" is the
// standard's own spelling (onvif/specs#313); the rest of ObjectType and ClassType
// and what cameras were seen to say has its own word in small letters.
var ours = map[string]string{
	"human": "person", "humanbody": "person", "people": "person", "pedestrian": "person", "person": "person",
	"humanface": "face", "face": "face", "head": "head",
	"vehicle": "vehicle", "vehical": "vehicle", "licenseplate": "plate",
	"car": "car", "truck": "truck", "bus": "bus", "bicycle": "bicycle", "bike": "bike", "motorcycle": "motorcycle",
	"animal": "animal", "bag": "bag", "barcode": "barcode", "fire": "fire", "smoke": "smoke", "other": other,
}

// Of a word that is not among ours.
const (
	mostOwn = 16 // of one camera
	longest = 32 // characters
	percent = 100
)

// likeliest is the word of the camera that it holds for the likeliest, "" where it
// has none. Of two equals it is the one in the newer form.
func (c class) likeliest() string {
	best, most := "", -1.0
	try := func(text, likelihood string) {
		if text = strings.ToLower(onvif.WordsOf(text, longest)); text == "" {
			return
		}
		if l := readLikelihood(likelihood); l > most {
			best, most = text, l
		}
	}
	for _, w := range c.Type {
		try(w.Text, w.Likelihood)
	}
	for _, candidates := range [][]candidate{c.Extension.OtherTypes, c.ClassCandidate} {
		for _, k := range candidates {
			try(k.Type, k.Likelihood)
		}
	}
	return best
}

// readLikelihood reads a share of one. Where none is told the camera has no doubt;
// one that cannot be meant is worth nothing.
func readLikelihood(s string) float64 {
	s = strings.TrimSpace(s)
	if s == "" {
		return 1
	}
	l, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
	if err != nil || math.IsNaN(l) || l < 0 || l > percent {
		return 0
	}
	if l > 1 {
		l /= percent // in percent
	}
	return l
}

// A vocabulary holds the words that are not ours of one camera.
type vocabulary map[string]bool

// word is the word under which an object is counted.
func (v *vocabulary) word(class string) string {
	if class == "" {
		return unclassified
	}
	if known, ok := ours[class]; ok {
		return known
	}
	if (*v)[class] {
		return class
	}
	if len(*v) >= mostOwn {
		return other
	}
	if *v == nil {
		*v = vocabulary{}
	}
	(*v)[class] = true
	return class
}
