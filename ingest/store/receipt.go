package store

import "sitepost/devices"

// Whose word records wait for stands in the bucket of numbers. So a site that asks for
// the platform's from some day on does not ask for it of what was done before by the
// broker's: all alarms of the last weeks would wait again, and be sent again.
//
//	receipt = 1   the broker's
//	receipt = 2   the platform's
//	absent        nobody knows: the file is older than this
const numberReceipt = "receipt"

const (
	byBroker   = 1
	byPlatform = 2
)

// word is whose word records wait for now.
func (o *Options) word() uint64 {
	if o.Receipt == ReceiptPlatform {
		return byPlatform
	}
	return byBroker
}

// receivedIn is the mark "received" of a lane in the file: what was done when the file
// was last written is done.
func (s *Store) receivedIn(l *lane) uint64 {
	received := s.numbers.kept[l.receivedName()]
	if l.name != devices.ReadingLane && s.numbers.kept[numberReceipt] == byBroker && s.opt.word() == byPlatform {
		return max(received, s.numbers.kept[l.sentName()])
	}
	return received
}
