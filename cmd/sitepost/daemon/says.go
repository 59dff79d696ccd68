package daemon

import (
	"slices"

	"sitepost/config"
	"sitepost/devices"
	"sitepost/devices/osdp"
)

// says lists what each instrument may say, so that a day on which it never said
// something can be seen.
func (p *plan) says() (map[string][]devices.Code, error) {
	all := map[string][]devices.Code{}
	for _, i := range p.config.Instruments {
		if i.Disabled != nil {
			continue
		}
		codes, err := p.codes(i)
		if err != nil {
			return nil, err
		}
		slices.Sort(codes)
		all[i.Name] = slices.Compact(codes)
	}
	return all, nil
}

// codes returns what one instrument may say: a wired one what its terminals
// mean, and the others what their profile or protocol can say.
func (p *plan) codes(i config.Instrument) ([]devices.Code, error) {
	if i.Protocol == config.OSDP {
		return osdp.Codes(), nil
	}
	profile, err := p.profile(i)
	if err != nil {
		return nil, err
	}
	var codes []devices.Code
	for _, in := range i.Inputs {
		codes = append(codes, in.Code)
	}
	if codes == nil {
		codes = profile.Codes()
	}
	if profile.Judged() && i.Limits != nil {
		codes = append(codes, devices.GasAlarmLow, devices.GasAlarmHigh)
	}
	return codes, nil
}
