package osdp

import (
	"bytes"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
)

// factoryKey is SCBK-D, which every reader has until it is given another one
// and everybody knows.
func factoryKey() []byte { return []byte("0123456789:;<=>?") } // 30 31 … 3F

func isFactoryKey(key []byte) bool { return subtle.ConstantTimeCompare(key, factoryKey()) == 1 }

// parseKey reads a key as a file holds it: 16 bytes, or their 32 hex digits,
// with white space around them. What is wrong is said without a character of
// what stands there.
func parseKey(text []byte) ([]byte, error) {
	if len(text) == keyBytes {
		return text, nil
	}
	digits := bytes.TrimSpace(text)
	if len(digits) != hex.EncodedLen(keyBytes) {
		return nil, fmt.Errorf("secure_key has %d characters: write 32 hex digits", len(digits))
	}
	key := make([]byte, keyBytes)
	if _, err := hex.Decode(key, digits); err != nil {
		return nil, fmt.Errorf("secure_key holds something that is no hex digit: write 32 of 0 to 9 and A to F")
	}
	return key, nil
}
