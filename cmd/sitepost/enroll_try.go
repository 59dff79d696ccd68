package main

import (
	"context"
	"crypto/tls"
	"fmt"

	"sitepost/cmd/sitepost/daemon"
	"sitepost/cmd/sitepost/papers"
	"sitepost/cmd/sitepost/words"
)

// refused is what brokers have against a certificate. One that takes it is enough: the
// other may know the authority later.
func (e *enrolment) refused(ctx context.Context, v cityPaper) (wrong []error) {
	key, err := e.readKey(v.keyPath)
	if err != nil {
		return []error{err}
	}
	own := tls.Certificate{PrivateKey: key, Leaf: v.own}
	for _, c := range v.chain {
		own.Certificate = append(own.Certificate, c.Raw)
	}
	for _, b := range e.site.Uplink.Brokers {
		why, tried := daemon.Refuses(ctx, e.site, b, own)
		switch {
		case tried && why == "":
			return nil
		case tried:
			wrong = append(wrong, fmt.Errorf("broker %q refuses it (%s): ask the city which authority signs its boxes, or install it all the same with --untried", b.Name, why))
		}
	}
	return wrong
}

// tellUnchained says of a chain that ends with somebody whom nobody here knows. A broker
// may know him all the same.
func (e *enrolment) tellUnchained(chain papers.Certificates) {
	var known papers.Certificates
	if raw, err := readPaper(e.site.Uplink.CA); err == nil {
		known, _ = papers.ReadCertificates(raw) // what is wrong with it is for check to say
	}
	if last := chain[len(chain)-1]; !known.Signed(last) {
		e.aside("%s does not hold the certificate of %s, who signed: if the broker refuses the box, ask the city for the whole chain\n", e.install, words.Plain(last.Issuer.String(), longestName))
	}
}
