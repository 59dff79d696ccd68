package daemon

import "sitepost/cmd/sitepost/control"

// Tools hands a test what the tools are served from, before anything runs.
func (o *Options) Tools(take func(control.Upkeep, control.Trials)) {
	o.built = func(s *site) { take(workshop{s}, s) }
}
