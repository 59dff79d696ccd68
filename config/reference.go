package config

import (
	_ "embed"
	"slices"
)

//go:embed site.toml
var reference []byte

//go:embed site.zh.toml
var referenceChinese []byte

// Reference returns the manual: a whole site.toml in which every key stands
// with its explanation. It is free of findings of language and meaning.
func Reference() []byte { return slices.Clone(reference) }

// ReferenceChinese returns the manual with Chinese explanations: line by line the same
// site as that of [Reference].
func ReferenceChinese() []byte { return slices.Clone(referenceChinese) }
