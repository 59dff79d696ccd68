package main

import "runtime/debug"

// release is the version of the Debian package, where the binary is of one. The linker
// puts it here (package cmd/sitepost/package), and nobody changes it.
var release string

// version is what the build knows of itself: the package's version, the module's or the
// commit, "devel" where none was stamped.
func version() string {
	if release != "" {
		return release
	}
	b, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	if v := b.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range b.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return "devel"
}
