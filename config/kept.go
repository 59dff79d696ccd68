package config

import "bytes"

// Text returns the bytes of the file that c was read from, as they lay on disk; nil if
// it was not read from one.
func (c *Config) Text() []byte {
	if c.file == nil {
		return nil
	}
	return bytes.Clone(c.file.src.text) // a file with a mark or in another encoding is refused
}

// Renamed says at its place that c has another site's name than the one that runs: the
// name is in every topic and in the store, and never changes.
func Renamed(c *Config, runs string) Findings {
	if c.Site.Name == runs {
		return nil
	}
	const renamed = "the site that runs is %q, and a name is for ever: write it again, or stop sitepost and give the other site a store of its own ([store] directory)"
	list := collector{src: &source{name: c.Path}}
	at := span{}
	if c.file != nil {
		list.src, at = c.file.src, c.file.name
	}
	list.add(Meaning, at, renamed, runs)
	return list.sorted()
}
