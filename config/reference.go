package config

import (
	_ "embed"
	"slices"
)

//go:embed site.toml
var reference []byte

// Reference returns the manual: a whole site.toml in which every key stands
// with its explanation. It is free of findings of language and meaning.
func Reference() []byte { return slices.Clone(reference) }
