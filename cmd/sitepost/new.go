package main

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/spf13/cobra"

	"sitepost/devices/instrument"
)

// newCommand begins a file that a person goes on with.
func newCommand(t *tool) *cobra.Command {
	c := &cobra.Command{Use: "new", Short: "begin a new profile from a commented template"}
	c.AddCommand(newProfileCommand(t))
	return c
}

// profileName is what a profile may be called: as names in the site file.
var profileName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

// newProfileCommand writes a profile that works as it stands, and says what to
// change.
func newProfileCommand(t *tool) *cobra.Command {
	ways := []string{"modbus", "ask", "listen"}
	asked := map[string]*bool{}
	c := &cobra.Command{
		Use:   "profile --modbus|--ask|--listen NAME",
		Short: "write a commented profile to begin with",
		Long: `profile writes NAME.toml into the present folder. It proves itself as it stands;
change it line by line into your instrument, with the manual's page or a capture
beside it, and let "sitepost try NAME.toml" tell when it is right.

  --modbus   the manual has a table of registers
  --ask      the instrument answers a question in bytes or text
  --listen   the instrument speaks by itself`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if !profileName.MatchString(args[0]) {
				return fmt.Errorf("a profile is named in a-z, 0-9 and -, at most 32 characters: %q is not", args[0])
			}
			for _, way := range ways {
				if *asked[way] {
					return t.newProfile(way, args[0])
				}
			}
			return errors.New("say how the instrument speaks: --modbus, --ask or --listen")
		},
	}
	for _, way := range ways {
		asked[way] = c.Flags().Bool(way, false, "")
	}
	c.Flags().Lookup("modbus").Usage = "the manual has a table of registers"
	c.Flags().Lookup("ask").Usage = "it answers a question in bytes or text"
	c.Flags().Lookup("listen").Usage = "it speaks by itself"
	c.MarkFlagsMutuallyExclusive(ways...)
	return c
}

func (t *tool) newProfile(way, name string) error {
	text, err := instrument.Template(way, name)
	if err != nil {
		return err
	}
	file := name + ".toml"
	if err := writeNew(file, []byte(text)); err != nil {
		return err
	}
	return t.say("wrote %s\nnext: change it, and prove it with `sitepost try %s`; then put it into %s\n", file, file, t.profiles)
}
