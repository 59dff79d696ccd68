package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"sitepost/config"
)

// initCommand writes the reference file, which is the manual of the config.
func initCommand(t *tool) *cobra.Command {
	var target string
	c := &cobra.Command{
		Use:   "init --write FILE",
		Short: "write the commented reference file to begin a site with",
		Long: `init writes the reference site file: every key stands in it once, with what it is
for. It describes an invented ferry terminal; change it into yours. An existing
file is never overwritten. Without --write it goes to standard output.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text := t.reference()
			if target == "" {
				_, err := t.stdout.Write(text)
				return err
			}
			if err := writeNew(target, text); err != nil {
				return err
			}
			return t.say("wrote %s\nnext: edit it, then `sitepost check --config %s`\n", target, target)
		},
	}
	c.Flags().StringVar(&target, "write", "", "file to write; it must not exist")
	return c
}

// reference is the manual in the language of the person who reads it.
func (t *tool) reference() []byte {
	if t.words.SpeaksEnglish() {
		return config.Reference()
	}
	return config.ReferenceChinese()
}

// createNew opens a file that was not there, readable by its owner and group.
func createNew(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s exists already and stays as it is: choose another name", path)
	}
	return f, err
}

// writeNew writes a file that was not there.
func writeNew(path string, text []byte) (err error) {
	f, err := createNew(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(text); err != nil {
		return err
	}
	return f.Sync()
}
