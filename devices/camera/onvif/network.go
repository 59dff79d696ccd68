package onvif

import (
	"context"
	"encoding/hex"
	"errors"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/use-go/onvif/device"
)

const (
	maxAddress = 2048 // characters of a URL
	maxMACs    = 16   // of one camera
)

// zone is the interface in an IPv6 address, as the camera calls it: "[fe80::1%eth0]".
var zone = regexp.MustCompile(`(\[[0-9A-Fa-f:.]+)%[^\]]*\]`)

// readAddress reads a URL as cameras tell it: with line ends (go2rtc#638, #662),
// escaped twice, with an interface of their own in it.
func readAddress(told string) (*url.URL, error) {
	if len(told) > maxAddress {
		return nil, errors.New("address is too long")
	}
	told = strings.NewReplacer("\r", "", "\n", "", "\t", "").Replace(strings.TrimSpace(told))
	for range 2 {
		told = strings.ReplaceAll(told, "&amp;", "&")
	}
	return url.Parse(zone.ReplaceAllString(told, "$1]"))
}

// withoutLogin is an address for a person: cameras put logins of theirs before an
// "@", into the query, or into the path ("/user=admin_password=…").
func withoutLogin(told string) string {
	if at := strings.LastIndexByte(told, '@'); at >= 0 {
		told = "***" + told[at:]
	}
	if at := loginWord.FindStringIndex(told); at != nil {
		told = told[:at[0]] + "***"
	}
	return Words(told)
}

var loginWord = regexp.MustCompile(`(?i)\?|user|passw|pwd`)

// hardwareAddresses asks for the camera's MAC addresses. Many do not tell them
// (home-assistant PR#36243).
func (c *Client) hardwareAddresses(ctx context.Context) ([]string, error) {
	var a struct {
		Body struct {
			GetNetworkInterfacesResponse struct {
				NetworkInterfaces []struct {
					Info struct{ HwAddress string }
				}
			}
		}
	}
	if err := c.Ask(ctx, c.deviceService(), device.GetNetworkInterfaces{}, &a); err != nil {
		return nil, err
	}
	var all []string
	for _, i := range a.Body.GetNetworkInterfacesResponse.NetworkInterfaces {
		mac, ok := hardwareAddress(i.Info.HwAddress)
		if ok && !slices.Contains(all, mac) && len(all) < maxMACs {
			all = append(all, mac)
		}
	}
	return all, nil
}

// hardwareAddress reads a MAC address in any of its spellings. What is malformed,
// all zero or no address of one device (multicast) is none; cameras tell such
// (home-assistant#59218, #77933, #63399).
func hardwareAddress(told string) (string, bool) {
	told = strings.TrimSpace(told)
	mac, err := net.ParseMAC(told)
	if err != nil {
		mac, err = hex.DecodeString(told)
	}
	if err != nil || len(mac) != 6 || mac[0]&1 != 0 || slices.Max(mac) == 0 {
		return "", false
	}
	return mac.String(), true
}
