package daemon

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"sitepost/config"
)

// allowed are the names of the commands that the city may give.
func allowed(c config.Commands) (names []string) {
	for _, name := range c.Allow {
		names = append(names, string(name))
	}
	return names
}

// signKey reads the key against which the city's commands are held; nil is none. A
// key that cannot be read is one of no length, and no command is obeyed: that the
// city cannot ask for something is better than that anybody can.
func signKey(c config.Commands, log *slog.Logger) ed25519.PublicKey {
	where := c.SignKey
	if where.IsZero() {
		return nil
	}
	secret, err := where.Read()
	var key ed25519.PublicKey
	if err == nil {
		key, err = publicKey(secret.Reveal())
	}
	if err != nil {
		log.Error("no command of the city is obeyed: the key of their signatures cannot be read", "sign_key", where.String(), "err", err)
		return ed25519.PublicKey{}
	}
	return key
}

// publicKey reads an Ed25519 key: PEM PUBLIC KEY (RFC 8410), or 64 hex digits.
func publicKey(text string) (ed25519.PublicKey, error) {
	if key, err := hex.DecodeString(strings.TrimSpace(text)); err == nil && len(key) == ed25519.PublicKeySize {
		return key, nil
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, errors.New("want 64 hex digits or PEM PUBLIC KEY (openssl pkey -pubout)")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("PEM PUBLIC KEY: %w", err)
	}
	key, is := parsed.(ed25519.PublicKey)
	if !is {
		return nil, fmt.Errorf("the key is a %T, want Ed25519 (openssl genpkey -algorithm ed25519)", parsed)
	}
	return key, nil
}
