package instrument

import (
	"fmt"
	"slices"
	"strings"

	"sitepost/devices"
)

// A cause is why a device must be faulty although no frame says so.
type cause struct {
	why string // for a person
	of  *read  // that holds what is wrong; nil: it is the whole device
}

// judge notes which values cannot be true, which mode the device is in and
// whether it says that it is faulty, before anything is said.
func (r *Reader) judge(s *sighting) {
	for _, of := range r.judged {
		if v, ok := of.value(s); ok {
			r.blame(of.name, v.wrong, of)
		}
		if of.unitFrom == nil {
			continue
		}
		if u, ok := of.unitFrom.value(s); ok {
			r.units[of.unitFrom] = u.word + u.text
			r.blame(of.unitFrom.name, unknown(of.unitFrom, u, u.word+u.text == ""), of.unitFrom)
		}
	}
	for _, m := range r.modes {
		v, ok := m.read.value(s)
		if !ok {
			continue
		}
		mode, err := devices.ParseMode(v.word)
		if err != nil {
			mode = devices.Maintenance
		}
		m.mode, m.seen = mode, true
		r.blame(m.read.name, unknown(m.read, v, err != nil), m.read)
	}
	for _, b := range r.beats {
		if v, ok := b.read.value(s); ok {
			b.stuck = b.hear(s.at, v, r.watched)
			r.blame(b.read.name+" changes", b.stuck, nil)
		}
	}
	for _, f := range r.faults {
		if v, ok := f.of.value(s); ok && v.wrong == "" && !v.isText {
			f.says, f.heard = f.isTrue(v), true
		}
	}
}

// blame notes why a device must be faulty, "" for not any more.
func (r *Reader) blame(what, why string, of *read) {
	if why != "" {
		r.causes[what] = cause{why, of}
	} else {
		delete(r.causes, what)
	}
}

func unknown(r *read, v value, is bool) string {
	if !is {
		return ""
	}
	return fmt.Sprintf("%s is %s, which the profile does not name", r.name, v.is())
}

// why lists the causes of a fault, for a person.
func (r *Reader) why() string {
	var whys []string
	for _, c := range r.causes {
		whys = append(whys, c.why)
	}
	slices.Sort(whys)
	return strings.Join(whys, "; ")
}

// mode returns the mode for a report, and whether it is known to be normal.
func (r *Reader) mode(rep *report) (mode devices.Mode, normal bool) {
	normal = true
	for _, m := range r.modes {
		if rep.mode != nil && rep.mode != m.read || rep.mode == nil && rep.of != nil {
			continue // a report of the profile's without a mode has none
		}
		if m.mode != devices.Normal {
			return m.mode, false
		}
		normal = normal && m.seen
	}
	return devices.Normal, normal
}

// doubtful says whether what a report says may be the fault's doing: the device
// is faulty there, or was asked for its fault and has not said yet.
func (r *Reader) doubtful(rep *report) bool {
	for _, f := range r.faults {
		unheard := !f.heard && r.framer == nil // a frame about a fault may never come
		if (f.says || unheard) && f.meets(rep) {
			return true
		}
	}
	for _, c := range r.causes {
		if r.touches(c.of, rep.point) {
			return true
		}
	}
	return false
}

// untrue says whether no reading of a point may be believed: the device says
// that it is faulty there, or its heart stands still. It is for those who judge
// readings; a value that cannot be true is never one.
func (r *Reader) untrue(point string) bool {
	at := &report{point: point}
	return slices.ContainsFunc(r.faults, func(f *spoken) bool { return f.says && f.meets(at) }) ||
		slices.ContainsFunc(r.beats, func(b *beat) bool { return b.stuck != "" })
}

// meets says whether two reports are about the same thing: the same device of a
// module's, or the same point, where a report without one is about all.
func (r *report) meets(other *report) bool {
	if r.device != "" || other.device != "" {
		return r.device == other.device
	}
	return r.point == other.point || r.point == "" || other.point == ""
}

// touches says whether what is wrong with a read is wrong at a point: not where
// only other points have to do with that read.
func (r *Reader) touches(of *read, point string) bool {
	if of == nil || point == "" {
		return true
	}
	return slices.ContainsFunc(r.reports, func(s *spoken) bool {
		return s.uses(of) && (s.point == point || s.point == "")
	})
}

// uses says whether a report depends on a read.
func (r *report) uses(of *read) bool {
	return r.of == of || r.mode == of || r.of.unitFrom == of
}
