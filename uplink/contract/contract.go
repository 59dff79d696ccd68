// Package contract is what a site promises to the city's platform, in the form
// in which machines read it:
//
//	asyncapi.yaml     AsyncAPI 3.0: every topic, who sends on it, with what
//	schemas/*.json    JSON Schema 2020-12 of every message
//	codes.json        the dictionary of codes, made from package devices
//	golden/*.json     one message per code, and the cases that differ, made by
//	                  the encoder: {"topic", "retained", "payload"}
//	README.md         how to consume it
//
// [Validate] holds a message against all of it. Its rules:
//
//   - The schemas of what a site sends are closed. A consumer must ignore keys
//     it does not know; our own sender must not have any.
//   - What JSON Schema cannot say (the id is made of three other members, a
//     code decides its lane) is said in rules.go.
//   - What the city sends is open: it may know more than this version.
//
// This package does not know records, stores or brokers: it sees topics and
// bytes, and the words of package devices.
package contract

import (
	"embed"
	"io/fs"
)

// codes.json and golden/ are made from the dictionary and the encoder. The
// difference is to be read by a person before it is committed.
//
//go:generate go test . -update

//go:embed README.md asyncapi.yaml codes.json schemas golden
var files embed.FS

// Files returns the contract as files, under the names of the package comment.
func Files() fs.FS { return files }
