package bundle

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"
)

// mostEntries bounds a list of a folder.
const mostEntries = 10_000

// Folder lists what lies in a folder, and below it: names, sizes and times. Nothing is
// opened, and a link is told and not followed.
func Folder(path string) ([]byte, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var list strings.Builder
	n := 0
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			fmt.Fprintf(&list, "%s: %v\n", name, err)
			return nil
		}
		if n++; n > mostEntries {
			return fs.SkipAll
		}
		i, err := d.Info()
		if err != nil {
			return nil // it went away meanwhile
		}
		fmt.Fprintf(&list, "%v %12d %s %q\n", i.Mode(), i.Size(), i.ModTime().UTC().Format(time.DateTime), name)
		return nil
	})
	return []byte(list.String()), err
}
