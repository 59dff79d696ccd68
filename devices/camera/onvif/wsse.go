package onvif

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/xml"
	"strings"
	"time"

	"sitepost/devices"
)

// Names of OASIS Web Services Security UsernameToken Profile 1.0 and
// SOAP Message Security 1.0.
const (
	wssePrefix   = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
	wsseSpace    = wssePrefix + "wssecurity-secext-1.0.xsd"
	wsuSpace     = wssePrefix + "wssecurity-utility-1.0.xsd"
	digestType   = wssePrefix + "username-token-profile-1.0#PasswordDigest"
	base64Type   = wssePrefix + "soap-message-security-1.0#Base64Binary"
	createdStamp = "2006-01-02T15:04:05.000Z"
	nonceBytes   = 16
)

// usernameToken writes the WS-Security header of one question:
//
//	PasswordDigest = Base64(SHA-1(nonce + created + password))
//
// created is by the camera's clock: it refuses what is some seconds off. Each
// question has a nonce of its own, because cameras refuse one they have seen.
func usernameToken(user string, password devices.Secret, created time.Time) string {
	nonce := make([]byte, nonceBytes)
	_, _ = rand.Read(nonce) // never fails
	return tokenOf(user, password, created, nonce)
}

func tokenOf(user string, password devices.Secret, created time.Time, nonce []byte) string {
	stamp := created.UTC().Format(createdStamp)
	sum := sha1.Sum([]byte(string(nonce) + stamp + password.Reveal()))
	var b strings.Builder
	b.WriteString(`<wsse:Security soap-env:mustUnderstand="1" xmlns:wsse="` + wsseSpace + `" xmlns:wsu="` + wsuSpace + `">`)
	b.WriteString(`<wsse:UsernameToken><wsse:Username>`)
	_ = xml.EscapeText(&b, []byte(user))
	b.WriteString(`</wsse:Username><wsse:Password Type="` + digestType + `">`)
	b.WriteString(base64.StdEncoding.EncodeToString(sum[:]))
	b.WriteString(`</wsse:Password><wsse:Nonce EncodingType="` + base64Type + `">`)
	b.WriteString(base64.StdEncoding.EncodeToString(nonce))
	b.WriteString(`</wsse:Nonce><wsu:Created>` + stamp + `</wsu:Created></wsse:UsernameToken></wsse:Security>`)
	return b.String()
}
