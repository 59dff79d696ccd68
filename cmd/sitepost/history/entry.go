package history

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"sitepost/cmd/sitepost/words"
)

// How an entry looks on disk:
//
//	# accepted by sitepost: {"number":17, … }\n
//	0123456789              |                |
//	sign                    what of it is    | text, as it was accepted
const (
	sign    = "# accepted by sitepost: "
	maxHead = 2 << 10 // the first line with its end
	maxWho  = 200     // characters
	maxFile = maxHead + maxText
)

// Numbers have six digits or more in a name, so that `ls` lists them in order.
const (
	digits  = 6
	suffix  = ".toml"
	highest = 999_999_999
)

func fileName(number int) string { return fmt.Sprintf("%0*d%s", digits, number, suffix) }

// numberOf reads the name of an entry.
func numberOf(name string) (number int, ok bool) {
	number, err := strconv.Atoi(strings.TrimSuffix(name, suffix))
	if err != nil || number < 1 || number > highest || fileName(number) != name {
		return 0, false
	}
	return number, true
}

// encode writes an entry.
func encode(e Entry, text []byte) ([]byte, error) {
	head, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	return bytes.Join([][]byte{[]byte(sign), head, []byte("\n"), text}, nil), nil
}

// decode reads an entry whose name has this number. What it returns is the text
// that Keep was given, or an error.
func decode(number int, file []byte) (Entry, []byte, error) {
	head, _, whole := bytes.Cut(file[:min(len(file), maxHead)], []byte("\n"))
	said, ours := bytes.CutPrefix(head, []byte(sign))
	switch {
	case !ours:
		return Entry{}, nil, errors.New("it does not begin as an entry does")
	case !whole:
		return Entry{}, nil, errors.New("its first line has no end")
	}
	text := file[len(head)+1:]
	var e Entry
	if err := json.Unmarshal(said, &e); err != nil {
		return Entry{}, nil, fmt.Errorf("its first line cannot be read: %w", err)
	}
	switch {
	case e.Number != number:
		return Entry{}, nil, fmt.Errorf("it says that it is number %d", e.Number)
	case e.Hash != hashOf(text):
		return Entry{}, nil, errors.New("its text is not the one that was accepted: the hash differs")
	}
	e.Who = words.Plain(e.Who, maxWho)
	return e, text, nil
}

func hashOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// newEntry is what is said of a text that is accepted now.
func newEntry(number int, text []byte, who string, at time.Time, synced bool) Entry {
	return Entry{Number: number, Hash: hashOf(text), Who: words.Plain(who, maxWho), At: at.UTC().Round(0), Unsynced: !synced}
}

// read reads an entry out of the folder. Only an ordinary file of a size that an
// entry can have is opened; O_NONBLOCK is for a pipe that has come into its place.
func read(root *os.Root, name string) (Entry, []byte, error) {
	number, _ := numberOf(name)
	switch i, err := root.Lstat(name); {
	case err != nil:
		return Entry{}, nil, cause(err)
	case !i.Mode().IsRegular():
		return Entry{}, nil, fmt.Errorf("it is no ordinary file (%v)", i.Mode().Type())
	case i.Size() > maxFile:
		return Entry{}, nil, fmt.Errorf("it is larger than an entry can be: %d bytes", i.Size())
	}
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return Entry{}, nil, cause(err)
	}
	defer f.Close()
	file, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Entry{}, nil, cause(err)
	}
	if len(file) > maxFile {
		return Entry{}, nil, errors.New("it is larger than an entry can be")
	}
	return decode(number, file)
}

// cause is the reason of a file error without the operation and the path, which the
// words around it say already.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
