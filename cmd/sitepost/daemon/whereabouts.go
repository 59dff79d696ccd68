package daemon

import (
	"fmt"
	"strconv"

	"sitepost/config"
)

// A whereabout is how a device is reached: the line it hangs on and its address there,
// or its address in the network.
type whereabout struct{ line, address string }

// whereabouts says of every device and line how it is reached. A recorder is the line
// of the cameras behind it.
func whereabouts(c *config.Config) map[string]whereabout {
	all := map[string]whereabout{}
	for _, l := range c.Lines {
		all[l.Name] = whereabout{address: l.Port + l.Address} // it has one of them
	}
	for _, i := range c.Instruments {
		at := whereabout{i.Line, strconv.Itoa(i.Address)}
		if i.Channel > 0 {
			at.address += fmt.Sprintf(", channel %d", i.Channel)
		}
		all[i.Name] = at
	}
	for _, r := range c.Recorders {
		all[r.Name] = whereabout{address: r.Host}
	}
	for _, k := range c.Cameras {
		all[k.Name] = whereabout{address: k.Host}
		if k.Recorder != "" {
			all[k.Name] = whereabout{k.Recorder, fmt.Sprintf("channel %d", k.Channel)}
		}
	}
	return all
}
