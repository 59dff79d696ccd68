package command

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/gowebpki/jcs"

	"sitepost/uplink/strict"
)

// errUnsigned says that a command carries no signature.
var errUnsigned = errors.New("the command is not signed")

// verify holds a command against its signature: Ed25519 (RFC 8032) over the RFC
// 8785 canonical JSON of the command without its member "signature", which is
// base64 (RFC 4648, 4). The command was read by [Read]: no key stands twice, and
// it is small.
func verify(key ed25519.PublicKey, object map[string]json.RawMessage) error {
	var said string
	if has, err := strict.Member(object, "signature", &said); err != nil || !has {
		return errUnsigned
	}
	signature, err := base64.StdEncoding.Strict().DecodeString(said)
	if err != nil || len(signature) != ed25519.SignatureSize {
		return fmt.Errorf("the signature is not the base64 of %d bytes", ed25519.SignatureSize)
	}
	text, err := Canonical(object)
	if err != nil {
		return err
	}
	if !ed25519.Verify(key, text, signature) {
		return errors.New("the signature is not that of this command under the city's key")
	}
	return nil
}

// Canonical is what is signed of a command.
func Canonical(object map[string]json.RawMessage) ([]byte, error) {
	bare := maps.Clone(object)
	delete(bare, "signature")
	text, err := json.Marshal(bare)
	if err == nil {
		text, err = jcs.Transform(text)
	}
	if err != nil {
		return nil, fmt.Errorf("the command has no canonical form: %w", err)
	}
	return text, nil
}
