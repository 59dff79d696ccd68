package config

import "bytes"

// Text returns the bytes of the file that c was read from; nil for a Config that
// was not read.
func (c *Config) Text() []byte {
	if c.file == nil {
		return nil
	}
	return bytes.Clone(c.file.src.text)
}
