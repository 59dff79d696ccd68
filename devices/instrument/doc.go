// Package instrument speaks for instruments that are data: a profile, one TOML
// file per kind of instrument, says how its bytes become frames, what a frame
// holds, what of it is said to the city, and proves itself with its own bytes.
//
//	bytes ─► framer ─► reads ─► reports ─► events          Reader
//	registers ───────────┘
//	another master's questions, answers ─► Reader          Hearer
//	values ─► a frame, registers                           Profile.Speak
//	questions ─► line ─► Reader ─► limits ─► emit          New
//
// Its rules: a frame that fails its check costs one byte and the search goes
// on. Nothing is treated as text that is not. In a mode other than normal
// nothing is cleared, and what is faulty ends no gas alarm. The interpreter
// says everything once on its first frame, then what changed; what was known
// before it started is somebody else's knowledge. Profiles only ask: a question
// that several devices would answer is refused, and what a question's bytes do
// is reviewed by a person before it is shipped, or named in the site file.
// Where another master asks, nothing is sent and his answers are read. The
// site's limits raise an alarm only where the detector itself never would.
//
// It does not know the site: which line, which address, which zone; nor when a
// silence is too long. Profiles of ours are under profiles/; a site's own have
// the same form.
package instrument
