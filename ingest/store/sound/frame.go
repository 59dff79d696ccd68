package sound

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
)

// Every value in a file, of whatever bucket, is framed alike:
//
//	01 CRC CRC CRC CRC {"epoch":…
//	0  1               5
//	|  |               | JSON
//	|  | CRC-32C (Castagnoli) of key and JSON, big-endian
//	| version of the frame
//
// The checksum covers the key because a page written to the wrong place, or a
// bit that flips in a key, leaves a value that is sound in itself. bbolt checks
// neither: its data pages carry no checksum.
const (
	frameVersion = 1
	frameHead    = 5
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is that of a frame. The key's length goes in front, so that key and
// JSON cannot lend each other bytes.
func checksum(key, doc []byte) uint32 {
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(key)))
	sum := crc32.Update(0, castagnoli, n[:])
	return crc32.Update(crc32.Update(sum, castagnoli, key), castagnoli, doc)
}

// Frame returns v as it is stored under key. It fails only for what JSON cannot
// say, such as a number that is not finite.
func Frame(key []byte, v any) ([]byte, error) {
	doc, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return FrameDoc(key, doc), nil
}

// FrameDoc is Frame of what is JSON already.
func FrameDoc(key, doc []byte) []byte {
	b := make([]byte, frameHead, frameHead+len(doc))
	b[0] = frameVersion
	binary.BigEndian.PutUint32(b[1:], checksum(key, doc))
	return append(b, doc...)
}

// Unframe reads what Frame wrote into v. Every error wraps ErrDamaged.
func Unframe(key, value []byte, v any) error {
	doc, err := UnframeDoc(key, value)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(doc, v); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

// UnframeDoc returns the JSON in a value, as it lies there.
func UnframeDoc(key, value []byte) ([]byte, error) {
	switch {
	case len(value) < frameHead:
		return nil, fmt.Errorf("%w: a value of %d bytes", ErrDamaged, len(value))
	case value[0] != frameVersion:
		return nil, fmt.Errorf("%w: a value of version %d", ErrDamaged, value[0])
	}
	doc := value[frameHead:]
	if got, want := checksum(key, doc), binary.BigEndian.Uint32(value[1:]); got != want {
		return nil, fmt.Errorf("%w: checksum %08x, stored %08x", ErrDamaged, got, want)
	}
	return doc, nil
}
