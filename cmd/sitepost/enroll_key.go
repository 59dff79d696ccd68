package main

import (
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"sitepost/cmd/sitepost/papers"
	"sitepost/config"
)

// newBeside is how a key is called whose certificate is not there yet.
const newBeside = ".new"

// A keyPair is a key and where it lies.
type keyPair struct {
	path   string
	signer crypto.Signer
	made   bool
}

// ownKey is the key the request is for: the one there is, or a new one.
func (e *enrolment) ownKey() (*keyPair, error) {
	path := e.keyPath
	if e.newKey {
		if !exists(path) {
			return nil, fmt.Errorf("there is no key %s yet: leave --new-key out", path)
		}
		path += newBeside
	}
	if exists(path) {
		signer, err := e.readKey(path)
		return &keyPair{path: path, signer: signer}, err
	}
	signer, text, err := papers.NewKey()
	if err != nil {
		return nil, err
	}
	return &keyPair{path: path, signer: signer, made: true}, writeKey(path, text)
}

// readKey reads a key as the daemon does, and says if others can too.
func (e *enrolment) readKey(path string) (crypto.Signer, error) {
	place, err := config.SecretAt("file:" + path)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", path, err)
	}
	text, err := place.Read()
	if err != nil {
		return nil, err
	}
	if i, err := os.Stat(path); err == nil && i.Mode().Perm()&0o027 != 0 {
		e.aside("sitepost: the key can be read or changed by others (mode %04o): chmod 0640 %s\n", i.Mode().Perm(), path)
	}
	signer, err := papers.ReadKey([]byte(text.Reveal()))
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", path, err)
	}
	return signer, nil
}

// needFolder says how to make the folder of a file that is about to be written.
func needFolder(path string) error {
	if folder := filepath.Dir(path); !exists(folder) {
		return fmt.Errorf("there is no folder %s: make it with `install -d -m 2750 -o root -g %s %s`", folder, daemonGroup, folder)
	}
	return nil
}

// writeKey puts a key on disk, whole or not at all, where nothing was before: it is
// written under another name and linked, which never replaces a file.
func writeKey(path string, text []byte) (err error) {
	folder := filepath.Dir(path)
	f, err := os.CreateTemp(folder, ".key-*") // 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.Write(text)
	if err = errors.Join(err, giveToDaemon(f, true), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s was made by somebody else just now and stays: try again", path)
		}
		return err
	}
	return syncFolder(folder)
}
