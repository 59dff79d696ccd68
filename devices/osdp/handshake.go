package osdp

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
)

// The third byte of a security block of the handshake says which key is meant.
const (
	byFactoryKey = 0
	bySiteKey    = 1
)

// The payload of the answer to a challenge:
//
//	0        8        16               32
//	|        |        reader's proof
//	|        reader's random number
//	who the reader is
const challengeAnswerBytes = 32

// handshake opens the Secure Channel: panel and reader prove to each other that
// they have the same key, without saying it.
func (t *talk) handshake(ctx context.Context) error {
	key, err := t.key()
	if err != nil {
		return err
	}
	which := byte(bySiteKey)
	if isFactoryKey(key) {
		which = byFactoryKey
	}
	var a, b [8]byte
	_, _ = rand.Read(a[:]) // never fails
	s, err := newSession(key, a)
	if err != nil {
		return err
	}
	theirs, err := t.challenge(ctx, a, which)
	if err != nil {
		return err
	}
	copy(b[:], theirs[8:])
	if proof := s.proof(a, b); subtle.ConstantTimeCompare(proof[:], theirs[16:]) != 1 {
		return t.wrongKey(a, b, theirs[16:])
	}
	return t.prove(ctx, s, s.proof(b, a), which)
}

// challenge sends our random number and returns what the reader makes of it.
func (t *talk) challenge(ctx context.Context, a [8]byte, which byte) ([]byte, error) {
	r, err := t.exchange(ctx, t.ask(challenge, a[:], which))
	no, isRefusal := errors.AsType[*refusal](err)
	switch {
	case isRefusal && no.code == becauseSequence:
		return nil, err
	case isRefusal && t.Install && !t.factory: // it may have no key but the one from the factory
		t.factory = true
		return nil, errOver
	case isRefusal:
		return nil, &trouble{"no secure channel", fmt.Sprintf("%v: switch the Secure Channel on at the reader and give it the site's key with its maker's tool; if it has worked before, look who else is on its wire", no)}
	case err != nil:
		return nil, err
	case r.id != answerChallenge || len(r.payload) != challengeAnswerBytes:
		return nil, &trouble{"no secure channel", "the reader answers the handshake with something else: look for newer firmware of the reader"}
	case which == bySiteKey && len(r.block) > 2 && r.block[2] == byFactoryKey:
		return nil, t.onFactoryKey()
	}
	return r.payload, nil
}

// prove sends our proof and begins the session if the reader accepts it.
func (t *talk) prove(ctx context.Context, s *session, proof [16]byte, which byte) error {
	r, err := t.exchange(ctx, t.ask(cryptogram, proof[:], which))
	if no, ok := errors.AsType[*refusal](err); ok && no.code != becauseSequence {
		return t.otherKey("the reader refuses our key")
	}
	if err != nil {
		return err
	}
	first := s.begin(proof)
	if r.id != answerSession || subtle.ConstantTimeCompare(first[:], r.payload) != 1 {
		return t.otherKey("the reader begins the Secure Channel with another key")
	}
	t.session = s
	return nil
}

// key returns the key that is to be tried.
func (t *talk) key() ([]byte, error) {
	if t.factory {
		return factoryKey(), nil
	}
	text, err := t.Key()
	if err != nil {
		return nil, &trouble{"key unreadable", err.Error()}
	}
	key, err := parseKey(text)
	if err != nil {
		return nil, &trouble{"key unreadable", err.Error()}
	}
	if isFactoryKey(key) && !t.Install {
		return nil, &trouble{"factory key", "secure_key is the key that every reader has from the factory: give the reader a key of the site's own with its maker's tool, and write that"}
	}
	return key, nil
}

// wrongKey says what it means that the reader proved another key than ours.
func (t *talk) wrongKey(a, b [8]byte, theirs []byte) error {
	s, err := newSession(factoryKey(), a)
	if err != nil {
		return err
	}
	if proof := s.proof(a, b); !t.factory && subtle.ConstantTimeCompare(proof[:], theirs) == 1 {
		return t.onFactoryKey()
	}
	return t.otherKey("the reader has another key than the site")
}

// otherKey says what it means that the keys differ. A reader that is being
// installed may mean the factory key without saying so.
func (t *talk) otherKey(why string) error {
	if t.Install && !t.factory {
		t.factory = true
		return errOver
	}
	return &trouble{"wrong key", why + ": write the reader's key as secure_key, or give the reader the site's with its maker's tool"}
}

// onFactoryKey says what it means that the reader uses the factory key.
func (t *talk) onFactoryKey() error {
	if t.Install {
		t.factory = true
		return errOver
	}
	return &trouble{"factory key", "the reader still has the key from the factory, which everybody knows: give it the site's with its maker's tool; install = true accepts it meanwhile, as a test"}
}
