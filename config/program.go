package config

import (
	"fmt"
	"os"
	"time"
)

// A programFile is the path of a program that sitepost runs.
type programFile struct{ filePath }

func (programFile) described() string { return `a program such as "/usr/local/bin/city-lamp"` }

func (p programFile) look(time.Time) error {
	path := string(p.filePath)
	i, err := os.Stat(path)
	switch {
	case err != nil:
		return fmt.Errorf("program %s: %w: put it there, or take the key out", path, cause(err))
	case !i.Mode().IsRegular() || i.Mode().Perm()&0o111 == 0:
		return fmt.Errorf("%s is not a program: make it executable (chmod 0755)", path)
	case i.Mode().Perm()&0o002 != 0:
		return fmt.Errorf("everybody may change the program %s: take that right away (chmod 0755)", path)
	}
	return nil
}
