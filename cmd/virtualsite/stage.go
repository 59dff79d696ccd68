package main

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"text/template"

	"sitepost/cmd/sitepost/daemon"
	"sitepost/config"
	"sitepost/devices/camera/cameratest"
	"sitepost/devices/virtual"
)

//go:embed site.toml
var siteFile string

// A stage is everything around the daemon: the site file, what it leads to,
// and the city.
type stage struct {
	config  *config.Config
	city    *city
	site    *virtual.Site
	cameras map[string]*virtual.Camera
}

// setStage writes a site into a folder and brings all of it to life. witness is
// told of every message that reaches the city.
func setStage(dir string, witness func(topic string, payload []byte, retained bool)) (_ *stage, err error) {
	s := &stage{cameras: map[string]*virtual.Camera{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	password, err := secrets(dir)
	if err != nil {
		return nil, err
	}
	if s.city, err = openCity(witness); err != nil {
		return nil, fmt.Errorf("city: %w", err)
	}
	for i, name := range []string{"check-1-top", "hall-1"} {
		tells := map[string]virtual.Metadata{"check-1-top": virtual.PlainMetadata}
		if s.cameras[name], err = camera(i+1, password, tells[name]); err != nil {
			return nil, err
		}
	}
	if s.config, err = s.writeSite(dir); err != nil {
		return nil, err
	}
	s.site, err = virtual.NewSite(s.config, "")
	return s, err
}

// secrets makes up the secrets of a site that is not there, and returns the
// cameras' password.
func secrets(dir string) (password string, err error) {
	folder := filepath.Join(dir, "secrets")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	password = rand.Text()
	key := make([]byte, 16)
	_, _ = rand.Read(key) // never fails
	for name, text := range map[string]string{"cameras": password, "card-key": rand.Text(), "door-2": hex.EncodeToString(key)} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text+"\n"), 0o600); err != nil {
			return "", err
		}
	}
	return password, nil
}

// camera starts the n-th camera at an address of its own on this machine. One
// logs in by WS-Security and one by HTTP Digest; tells is how it says beside its
// picture what it sees.
func camera(n int, password string, tells virtual.Metadata) (*virtual.Camera, error) {
	login := map[int]string{1: "wsse", 2: "digest"}
	return virtual.ServeCamera(virtual.CameraOptions{
		ONVIF: cameratest.Options{
			Interface: "lo", HTTP: fmt.Sprintf("127.0.0.%d:0", 10+n),
			Endpoint: fmt.Sprintf("urn:uuid:00000000-0000-4000-8000-00000000000%d", n),
			Vendor:   "virtual", Model: fmt.Sprintf("V-%d", n), Serial: fmt.Sprintf("0A1%d", n), Firmware: "1.0",
			User: "onvif", Password: password, Auth: login[n], Events: &cameratest.Events{},
		},
		RTSP: virtual.RTSPOptions{User: "onvif", Password: password, Metadata: tells},
	})
}

// writeSite fills in the site file and reads it back as the daemon does.
func (s *stage) writeSite(dir string) (*config.Config, error) {
	var text bytes.Buffer
	form := template.Must(template.New("site.toml").Parse(siteFile))
	network, err := freeAddress()
	if err != nil {
		return nil, err
	}
	err = form.Execute(&text, map[string]string{
		"Dir": dir, "Broker": s.city.url(), "Network": network,
		"Camera1": s.cameras["check-1-top"].ONVIF.Address(), "Camera2": s.cameras["hall-1"].ONVIF.Address(),
	})
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "site.toml")
	if err := os.WriteFile(path, text.Bytes(), 0o640); err != nil {
		return nil, err
	}
	c, found := config.Load(path, config.Env{Profiles: daemon.Shelf("")})
	if len(found.Errors()) > 0 {
		return nil, fmt.Errorf("the site file is wrong:\n%s", found)
	}
	return c, nil
}

// freeAddress is an address on this machine where nobody listens. A site file
// has to name one before the simulator is there, so it is not on 127.0.0.1, where
// each connection that goes out takes a port.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.%d.%d.%d:0", 1+mathrand.IntN(250), mathrand.IntN(250), 1+mathrand.IntN(250)))
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// close takes everything away that was set up.
func (s *stage) close() error {
	var errs []error
	if s.site != nil {
		errs = append(errs, s.site.Close())
	}
	for _, c := range s.cameras {
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	if s.city != nil {
		errs = append(errs, s.city.close())
	}
	return errors.Join(errs...)
}
