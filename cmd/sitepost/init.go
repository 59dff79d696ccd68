package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"sitepost/config"
)

// initCommand writes a file to begin a site with: the reference file, which is the
// manual of the config, or what answers make.
func initCommand(t *tool) *cobra.Command {
	var target, answers string
	c := &cobra.Command{
		Use:   "init --write FILE",
		Short: "write the site file to begin with: the commented reference, or one made of answers",
		Long: `init writes the reference site file: every key stands in it once, with what it is
for. It describes an invented ferry terminal; change it into yours. An existing
file is never overwritten. Without --write it goes to standard output.

With --answers it writes the site file of one box, out of a file that answers what
a box must know before its devices are found. Nobody is asked anything, so that many
boxes are set up by a script. Each question is a key:
  name                 of the site, permanent; needed
  title code kinds address position management_unit duty_phone
                       as in [site]
  device_interfaces    where the cameras hang, [] for none; needed
  device_networks      addresses that may be dialled, [] for none; needed
  compare_with         time servers
  store_directory store_size
                       where the store lies, and how large it may become
  broker               the city's, such as "mqtts://10.37.1.10:8883"; needed
  server_name          the name in its certificate, where it is another one
  other_broker other_server_name
                       where the city has a second one
  broker_user broker_password
                       where the city wants them
  client_id            of the box; the site's name if not given
  ca                   the city's authority; /etc/sitepost/tls/city-ca.pem if not given
  certificate key      of the box, where it has them already; else see sitepost enroll
  receipt allow        as in [uplink] and [commands]
  camera_user camera_password
                       the login of the cameras
  [[zone]]             as in a site file; cameras that are found need one
Passwords and keys are named by their place, "file:/path", and never stand in it. Every
mistake is told with its line, in one run, and while there is any nothing is written.`,
		Example: `  sitepost init --write site.toml
  sitepost init --answers box-17.toml --write /etc/sitepost/site.toml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("answers") {
				return t.writeFirst(target, t.reference(), "wrote %s\nnext: edit it, then `sitepost check --config %s`\n")
			}
			text, err := t.answered(answers)
			if err != nil {
				return err
			}
			return t.writeFirst(target, text, "wrote %s\nnext: `sitepost check --config %s` says what this machine still lacks\n")
		},
	}
	c.Flags().StringVar(&target, "write", "", "file to write; it must not exist")
	c.Flags().StringVar(&answers, "answers", "", "file of answers that the site file is made of")
	return c
}

// writeFirst writes a site file that was not there and says so, or prints it.
func (t *tool) writeFirst(target string, text []byte, done string) error {
	if target == "" {
		_, err := t.stdout.Write(text)
		return err
	}
	if err := writeNew(target, text); err != nil {
		return err
	}
	return t.say(done, target, target)
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
	if err != nil {
		return nil, err
	}
	if err := giveToDaemon(f, false); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(path))
	}
	return f, nil
}

// writeNew writes a file that was not there, whole or not at all.
func writeNew(path string, text []byte) error {
	f, err := createNew(path)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path)) // else the next try finds it in its way
	}
	return syncFolder(filepath.Dir(path))
}
