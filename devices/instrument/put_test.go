package instrument

import "testing"

// TestLowestOfAWord: where several numbers bear a word, a simulator always says
// the lowest of them.
func TestLowestOfAWord(t *testing.T) {
	t.Parallel()
	p := load(t, "honeywell-midas") // 2, 3 and 4 are inhibited, 5 and 6 a test
	for word, want := range map[string]uint16{"inhibited": 2, "test": 5, "calibration": 7} {
		for range 20 { // a map is walked in another order each time
			registers, err := p.SpeakRegisters(map[string]any{"mode": word})
			if err != nil || registers[40001]&0xF != want {
				t.Fatalf("%s: got %#X, %v, want %d", word, registers[40001], err, want)
			}
		}
	}
}
