package papers

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestRequest: a request is signed over SHA-256 by the key it is for, and says who asks.
func TestRequest(t *testing.T) {
	key, text, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	read, err := ReadKey(text)
	if err != nil || !same(read.Public(), key.Public()) {
		t.Fatal("another key is read than was written", err)
	}
	asked, err := Request(read, Subject{CommonName: "demo-box1", Organization: "星港客运站", Unit: "安检"})
	if err != nil {
		t.Fatal(err)
	}
	block, rest := pem.Decode(asked)
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil || len(rest) > 0 || csr.CheckSignature() != nil || csr.SignatureAlgorithm != x509.ECDSAWithSHA256 || !same(csr.PublicKey, key.Public()) {
		t.Errorf("%v %+v", err, csr)
	}
	if got := csr.Subject.String(); got != "CN=demo-box1,OU=安检,O=星港客运站" {
		t.Errorf("got %s", got)
	}
	if len(csr.DNSNames)+len(csr.IPAddresses) > 0 {
		t.Error("the request asks for other names")
	}
	if curve := csr.PublicKey.(*ecdsa.PublicKey).Curve; curve != elliptic.P256() {
		t.Errorf("got a key on %v", curve.Params().Name)
	}
}

// inPEM is a block of a type.
func inPEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// TestReadKey: keys as openssl and cities make them are read; what is none is told, and
// not repeated.
func TestReadKey(t *testing.T) {
	ec, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	ecDER, _ := x509.MarshalECPrivateKey(ec)
	p224, _ := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	p224DER, _ := x509.MarshalECPrivateKey(p224)
	long, _ := rsa.GenerateKey(rand.Reader, 2048)
	t.Setenv("GODEBUG", "rsa1024min=0")
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	shortDER := x509.MarshalPKCS1PrivateKey(short)
	for name, c := range map[string]struct{ text, want string }{
		"EC of openssl": {inPEM("EC PARAMETERS", []byte{1}) + inPEM("EC PRIVATE KEY", ecDER), ""},
		"RSA":           {inPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(long)), ""},
		"short RSA":     {inPEM("RSA PRIVATE KEY", shortDER), "the RSA key has 1024 bits, and brokers ask for 2048: make one with --new-key"},
		"P-224":         {inPEM("EC PRIVATE KEY", p224DER), "the key is on the curve P-224, which TLS does not know: make one with --new-key"},
		"damaged":       {inPEM("PRIVATE KEY", []byte("canary")), "the key is damaged: make one with --new-key"},
		"with password": {inPEM("ENCRYPTED PRIVATE KEY", []byte("canary")), "the key has a password, and sitepost has nobody to ask for it: make one with --new-key"},
		"no key":        {"canary", "there is no key in it (-----BEGIN PRIVATE KEY-----): correct the path"},
	} {
		key, err := ReadKey([]byte(c.text))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != c.want || (key == nil) != (c.want != "") {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// A signer is an authority, or somebody it signed.
type signer struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// sign makes a certificate for a key; by nil, its own.
func sign(t *testing.T, by *signer, template *x509.Certificate) *signer {
	t.Helper()
	key, _, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	s := &signer{template, key}
	if by == nil {
		by = s
	}
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	template.SerialNumber, template.BasicConstraintsValid = big.NewInt(1), true
	der, err := x509.CreateCertificate(rand.Reader, template, by.certificate, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	if s.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return s
}

func authority(name string) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, KeyUsage: x509.KeyUsageCertSign}
}

// TestChain: whatever order the city sends, the box's own certificate comes first and each
// is followed by the one that signed it.
func TestChain(t *testing.T) {
	root := sign(t, nil, authority("root"))
	middle := sign(t, root, authority("middle"))
	own := sign(t, middle, &x509.Certificate{Subject: pkix.Name{CommonName: "box"}})
	stranger := sign(t, nil, authority("middle")) // the same name, another key
	text := Certificates{stranger.certificate, root.certificate, own.certificate, middle.certificate}.PEM()
	all, err := ReadCertificates(append([]byte("subject=box\n"), text...))
	if err != nil {
		t.Fatal(err)
	}
	chain, left := all.Chain(all.Own(own.key.Public()))
	var names []string
	for _, c := range chain {
		names = append(names, c.Subject.CommonName)
	}
	if diff := cmp.Diff([]string{"box", "middle", "root"}, names); diff != "" || left != 1 || !chain[1].Equal(middle.certificate) {
		t.Errorf("%d left out: %s", left, diff)
	}
	if all.Own(sign(t, nil, authority("x")).key.Public()) != nil {
		t.Error("a certificate was found for a key that has none")
	}
	if one, err := ReadCertificates(own.certificate.Raw); err != nil || len(one) != 1 {
		t.Errorf("DER: %v", err)
	}
}

// TestReadCertificates: what cities send by mistake is named, with what to do.
func TestReadCertificates(t *testing.T) {
	own := sign(t, nil, &x509.Certificate{})
	good := string(Certificates{own.certificate}.PEM())
	for name, c := range map[string]struct{ text, want string }{
		"a key":     {good + inPEM("EC PRIVATE KEY", []byte("canary")), "there is a private key in it: the key of the box never leaves the box, so nobody can send one; ask the city to sign the request that `sitepost enroll` prints"},
		"UTF-16":    {"\xFF\xFE-\x00-\x00", "the file is in UTF-16: save it as \"UTF-8\" (Windows Notepad: 另存为, 编码 UTF-8), or copy what the city sent once more"},
		"PKCS#7":    {inPEM("PKCS7", []byte("x")), "this is PKCS#7: turn it into PEM with `openssl pkcs7 -print_certs`"},
		"request":   {inPEM("NEW CERTIFICATE REQUEST", []byte("x")), "this is the request, not the certificate: the city signs it and sends the certificate back"},
		"damaged":   {good + inPEM("CERTIFICATE", []byte("x")), "certificate 2 cannot be read: copy the file again"},
		"nothing":   {"dear colleague", "there is no certificate in it (-----BEGIN CERTIFICATE-----): ask the city for PEM"},
		"many":      {strings.Repeat(good, 11), "there are more than 10 certificates in it: take the box's own and those that signed it"},
		"very long": {strings.Repeat("a", MaxFile+1), "larger than 64 KiB: this is no certificate"},
	} {
		if _, err := ReadCertificates([]byte(c.text)); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// TestOwnIsTheNewest: of a file in which the renewed certificate stands below the one it
// renews, the renewed one is taken; and Notepad's mark hides no certificate.
func TestOwnIsTheNewest(t *testing.T) {
	key, _, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	city := sign(t, nil, authority("city"))
	var all Certificates
	for _, years := range []int{-1, 0, -2} {
		c := &x509.Certificate{SerialNumber: big.NewInt(int64(years + 5)), NotBefore: time.Now().AddDate(years, 0, 0), NotAfter: time.Now().AddDate(years+1, 0, 0)}
		der, err := x509.CreateCertificate(rand.Reader, c, city.certificate, key.Public(), city.key)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, signed)
	}
	read, err := ReadCertificates(append([]byte("\xEF\xBB\xBF"), all.PEM()...))
	if err != nil || len(read) != 3 {
		t.Fatalf("%d certificates, %v", len(read), err)
	}
	if own := read.Own(key.Public()); !own.Equal(all[1]) {
		t.Errorf("got the one that begins on %v", own.NotBefore)
	}
	if !(Certificates{city.certificate}).Signed(all[0]) || !(Certificates{}).Signed(city.certificate) {
		t.Error("the city's signature is not seen")
	}
	if stranger := sign(t, nil, authority("city")); (Certificates{stranger.certificate}).Signed(all[0]) {
		t.Error("who has the city's name is taken for the city")
	}
}

// TestWeakSignature: what no broker believes any more is refused.
func TestWeakSignature(t *testing.T) {
	c := &x509.Certificate{Subject: pkix.Name{CommonName: "box"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), SignatureAlgorithm: x509.SHA1WithRSA}
	wrong := Judge(c, "box", time.Now())
	if len(wrong) != 1 || wrong[0].Error() != "it is signed over SHA1-RSA, which brokers refuse: ask the city for one that is signed over SHA-256" {
		t.Errorf("got %v", wrong)
	}
}

// TestJudge: everything that a broker would refuse is told at once.
func TestJudge(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.Local)
	year := func(n int) time.Time { return now.AddDate(n, 0, 0) }
	name := pkix.Name{CommonName: "box"}
	for what, c := range map[string]struct {
		template x509.Certificate
		want     []string
	}{
		"good":         {x509.Certificate{Subject: name, NotBefore: year(-1), NotAfter: year(1), KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}, nil},
		"for anything": {x509.Certificate{Subject: name, NotBefore: year(-1), NotAfter: year(1)}, nil},
		"for any use":  {x509.Certificate{Subject: name, NotBefore: year(-1), NotAfter: year(1), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}, nil},
		"all wrong": {x509.Certificate{Subject: pkix.Name{CommonName: "other"}, NotBefore: year(-2), NotAfter: year(-1), IsCA: true, KeyUsage: x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, []string{
			`it is for CN "other", and client_id is "box": ask the city for one with CN "box", or change client_id if the city names its boxes so`,
			"it is not for client authentication: ask the city for one with extendedKeyUsage clientAuth",
			"its key may not sign: ask the city for one with keyUsage digitalSignature",
			"it is an authority's own certificate: ask the city for one of a client",
			"it ended on 2025-11-26: ask the city for a new one",
		}},
		"own use":        {x509.Certificate{Subject: name, NotBefore: year(-1), NotAfter: year(1), UnknownExtKeyUsage: []asn1.ObjectIdentifier{{1, 2, 3}}}, []string{"it is not for client authentication: ask the city for one with extendedKeyUsage clientAuth"}},
		"clock of a box": {x509.Certificate{Subject: name, NotBefore: year(1), NotAfter: year(2)}, []string{"it begins on 2027-11-26 12:00:00, and the clock of this box says 2026-11-26 12:00:00: set the clock, or wait"}},
		"the wrong way":  {x509.Certificate{Subject: name, NotBefore: year(-1), NotAfter: year(-2)}, []string{"it ended on 2024-11-26: ask the city for a new one", "it ends before it begins: ask the city for a new one"}},
	} {
		var got []string
		for _, err := range Judge(sign(t, nil, &c.template).certificate, "box", now) {
			got = append(got, err.Error())
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", what, diff)
		}
	}
}
