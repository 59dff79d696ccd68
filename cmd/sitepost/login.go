package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/daemon"
	"sitepost/devices/camera/onvif"
)

// loginCommand tries one camera's login because a person asks for it.
func loginCommand(t *tool) *cobra.Command {
	return &cobra.Command{
		Use:   "login CAMERA",
		Short: "try the login of one camera or recorder now",
		Long: `login tries the login of a camera or recorder of the site file once and says who
answered. After two refused logins sitepost waits half an hour, or until the
password is another one, so that the camera does not lock it out; this command is
how a person says that it shall try now.

If sitepost is running it tries itself; if not, the tool asks the camera.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := control.Client{Path: t.control}.Login(cmd.Context(), args[0])
			if errors.Is(err, control.ErrNobody) {
				c, err = t.loginAlone(cmd.Context(), args[0])
			}
			if errors.Is(err, errFindings) {
				return err
			}
			if err != nil {
				t.remark("%q: %v", args[0], err)
				return errFindings
			}
			return t.printLogin(c)
		},
	}
}

// loginAlone asks a camera of the site file without a running daemon.
func (t *tool) loginAlone(ctx context.Context, name string) (control.Camera, error) {
	site, err := t.load()
	if err != nil {
		return control.Camera{}, err
	}
	o, ok := daemon.CameraOptions(site, name)
	if !ok {
		return control.Camera{}, fmt.Errorf("%s has no camera or recorder of this name with a host of its own", t.config)
	}
	client, err := onvif.New(o)
	if err != nil {
		return control.Camera{}, err
	}
	defer client.Close()
	id, err := client.Identify(ctx)
	c := control.Camera{Name: name, Address: client.Address(), Endpoint: id.Endpoint, Serial: id.Serial, Vendor: id.Vendor, Model: id.Model, Firmware: id.Firmware}
	if refused, ok := errors.AsType[*onvif.LoginRefused](err); ok {
		c.Refused, err = refused.Error(), nil
	}
	return c, err
}

func (t *tool) printLogin(c control.Camera) error {
	var err error
	switch {
	case t.json:
		err = json.NewEncoder(t.stdout).Encode(c)
	case c.Refused != "":
		err = t.say("%s at %s: %s\n", c.Name, c.Address, t.words.Translate(c.Refused))
	default:
		serial, firmware := t.words.Sprintf("serial %s", c.Serial), t.words.Sprintf("firmware %s", c.Firmware)
		err = t.say("%s at %s: login accepted: %s\n", c.Name, c.Address,
			strings.Join(strings.Fields(strings.Join([]string{c.Vendor, c.Model, serial, firmware}, " ")), " "))
	}
	if err == nil && c.Refused != "" {
		return errFindings
	}
	return err
}
