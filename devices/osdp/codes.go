package osdp

import "sitepost/devices"

// Codes returns what a reader may say, sorted.
func Codes() []devices.Code {
	return []devices.Code{
		devices.AccessCard, "access.keypad", devices.ContactInput, devices.DeviceFault, "tamper.contact",
	}
}
