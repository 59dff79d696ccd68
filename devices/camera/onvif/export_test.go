package onvif

// NewAt is New for a camera whose well-known ports are others: a test may not
// listen at 80 and 443.
func NewAt(o Options, plain, secure string) (*Client, error) {
	return newClient(o, ports{plain, secure})
}
