package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// described is what `git describe --tags --dirty` says of a commit: the last tag, how
// many commits behind it, which one, and whether files are changed.
var described = regexp.MustCompile(`^v(\d[^ ]*?)(?:-(\d+)-g([0-9a-f]+))?(-dirty)?$`)

// versionOf is the version of a commit as dpkg orders it, from git's description. A
// commit is newer than its tag, what a tag calls -rc.1 is older than the tag without;
// where there is no tag yet the time of the commit orders, before all tags.
// (c.f. deb-version(7): "~" comes before everything, also before the end)
//
//	v1.2.3               1.2.3
//	v1.3.0-rc.1          1.3.0~rc.1
//	v1.2.3-5-g9b5070d    1.2.3+5.9b5070d
//	9b5070d-dirty        0~20261126073432.9b5070d+dirty
func versionOf(description string, epoch int64) string {
	var version string
	found := described.FindStringSubmatch(description)
	commit, dirty := strings.CutSuffix(description, "-dirty")
	switch {
	case found == nil:
		version = strings.TrimSuffix("0~"+time.Unix(epoch, 0).UTC().Format("20060102150405")+"."+commit, ".")
	case found[2] != "":
		version = fmt.Sprintf("%s+%s.%s", before(found[1]), found[2], found[3])
	default:
		version = before(found[1])
	}
	if dirty {
		version += "+dirty"
	}
	return version
}

// before makes 1.3.0-rc.1 come before 1.3.0.
func before(tag string) string {
	release, pre, is := strings.Cut(tag, "-")
	if !is {
		return tag
	}
	return release + "~" + strings.ReplaceAll(pre, "-", ".")
}
