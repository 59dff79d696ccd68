package daemon

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"testing"
)

// TestPublicKey: the key of the city's commands is read in both its forms, and
// anything else is refused with what to do.
func TestPublicKey(t *testing.T) {
	t.Parallel()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public().(ed25519.PublicKey)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spell := func(key any) string {
		der, err := x509.MarshalPKIXPublicKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	}
	for text, want := range map[string]string{
		hex.EncodeToString(key):                               "",
		" " + strings.ToUpper(hex.EncodeToString(key)) + "\n": "",
		spell(key):                   "",
		hex.EncodeToString(key[:31]): "want 64 hex digits",
		"":                           "want 64 hex digits",
		spell(&other.PublicKey):      "want Ed25519",
		strings.Replace(spell(key), "MC", "MD", 1): "PEM PUBLIC KEY: ",
	} {
		got, err := publicKey(text)
		if want == "" && (err != nil || !bytes.Equal(got, key)) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: got %x and %v, want %q", text, got, err, want)
		}
	}
}
