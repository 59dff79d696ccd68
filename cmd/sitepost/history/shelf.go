package history

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
)

const (
	// mostLooked is how many files are read at most: twice as many as there should
	// be. Whatever else lies there is told, and goes with the next Keep.
	mostLooked = 2 * mostEntries
	// mostNames is how many names are read at most.
	mostNames = 10_000
)

// A shelf is what lies in the folder at one moment. All numbers rise.
type shelf struct {
	entries []Entry  // that can be read
	damages []Damage // the others
	files   []int    // numbers of all that has the name of an entry, readable or not
	left    []string // what processes left that died while they wrote
}

// leftover matches the name under which renameio writes before it renames.
var leftover = regexp.MustCompile(`^\.\d{6,9}\.toml\d+$`)

// lookAt reads the folder.
func lookAt(root *os.Root) (shelf, error) {
	var s shelf
	names, err := namesIn(root)
	if err != nil {
		return s, fmt.Errorf("history of site files: %w", err)
	}
	for _, name := range names {
		if number, is := numberOf(name); is {
			s.files = append(s.files, number)
		} else if leftover.MatchString(name) {
			s.left = append(s.left, name)
		}
	}
	slices.Sort(s.files)
	unseen := max(0, len(s.files)-mostLooked)
	if unseen > 0 {
		s.damages = append(s.damages, Damage{File: fileName(s.files[0]), What: fmt.Sprintf("it and %d more are not looked at: there are too many", unseen-1)})
	}
	for _, number := range s.files[unseen:] {
		s.add(root, number)
	}
	return s, nil
}

// add reads one file. One that has gone meanwhile was taken away by another Keep.
func (s *shelf) add(root *os.Root, number int) {
	e, _, err := read(root, fileName(number))
	switch {
	case err == nil:
		s.entries = append(s.entries, e)
	case !errors.Is(err, fs.ErrNotExist):
		s.damages = append(s.damages, Damage{File: fileName(number), What: err.Error()})
	}
}

// namesIn returns what lies in the folder.
func namesIn(root *os.Root) ([]string, error) {
	d, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(mostNames + 1)
	switch {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, err
	case len(names) > mostNames:
		return nil, fmt.Errorf("more than %d files lie in %q: take away what does not belong there", mostNames, root.Name())
	}
	return names, nil
}

// last returns the youngest entry.
func (s *shelf) last() (Entry, bool) {
	if len(s.entries) == 0 {
		return Entry{}, false
	}
	return s.entries[len(s.entries)-1], true
}

// next is a number that nothing in the folder has had: the highest one never goes
// before a higher one is there.
func (s *shelf) next() (int, error) {
	if len(s.files) == 0 {
		return 1, nil
	}
	n := s.files[len(s.files)-1] + 1
	if n > highest {
		return 0, fmt.Errorf("history of site files: the numbers are used up: move %q away", fileName(n-1))
	}
	return n, nil
}

// surplus lists the files to take away before one of so many bytes comes: first what
// is damaged, then the oldest.
func (s *shelf) surplus(root *os.Root, bytes int64) (names []string) {
	sizes, all, count := map[int]int64{}, bytes, 1
	for _, number := range s.files {
		i, err := root.Lstat(fileName(number))
		if err != nil || i.IsDir() { // a folder is nobody's to take away
			continue
		}
		sizes[number] = i.Size()
		all += i.Size()
		count++
	}
	order := slices.Concat(s.unreadable(), s.numbers())
	for _, number := range order {
		if count <= mostEntries && all <= mostBytes {
			break
		}
		size, is := sizes[number]
		if !is {
			continue
		}
		names = append(names, fileName(number))
		count, all = count-1, all-size
	}
	return names
}

// numbers are those of the entries.
func (s *shelf) numbers() (all []int) {
	for _, e := range s.entries {
		all = append(all, e.Number)
	}
	return all
}

// unreadable are the numbers of files that are no entries.
func (s *shelf) unreadable() []int {
	good := s.numbers()
	return slices.DeleteFunc(slices.Clone(s.files), func(n int) bool { return slices.Contains(good, n) })
}
