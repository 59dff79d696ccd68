package main

import (
	"os/exec"
	"testing"
)

// TestVersionOf: dpkg takes every version that git can describe, and orders them as the
// commits are: a package that is newer is an upgrade.
func TestVersionOf(t *testing.T) {
	const epoch = 1795678472
	ordered := []struct{ description, want string }{
		{"", "0~20261126073432"}, // not a repository
		{"9b5070d9abcd", "0~20261126073432.9b5070d9abcd"},
		{"9b5070d9abcd-dirty", "0~20261126073432.9b5070d9abcd+dirty"},
		{"v1.3.0-rc.1", "1.3.0~rc.1"},
		{"v1.3.0-rc.1-4-g9b5070d9abcd", "1.3.0~rc.1+4.9b5070d9abcd"},
		{"v1.3.0", "1.3.0"},
		{"v1.3.0-5-g9b5070d9abcd", "1.3.0+5.9b5070d9abcd"},
		{"v1.3.0-5-g9b5070d9abcd-dirty", "1.3.0+5.9b5070d9abcd+dirty"},
		{"v1.10.0", "1.10.0"},
	}
	for i, c := range ordered {
		got := versionOf(c.description, epoch)
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.description, got, c.want)
		}
		if i == 0 {
			continue
		}
		needs(t, "dpkg")
		if out, err := exec.Command("dpkg", "--compare-versions", ordered[i-1].want, "lt", got).CombinedOutput(); err != nil {
			t.Errorf("dpkg does not take %q for newer than %q: %v %s", got, ordered[i-1].want, err, out)
		}
	}
}
