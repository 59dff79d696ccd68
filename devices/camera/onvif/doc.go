// Package onvif asks one ONVIF camera: a question goes out, a whole answer comes
// back, with a login where the camera wants one.
//
//	client.go     one camera: who asks it, and what             learned.go      what was found out, for the next start
//	login.go      how a login travels                           budget.go       how often one may be tried
//	clock.go      what time a camera tells, and what it has     reach.go        where it is reached: host, port, https
//	guard.go      the way there: time, bytes, addresses         places.go       two connections, in the order of coming
//	soap.go       a question on the wire                        certificate.go  whose certificate is trusted
//	decode.go     an answer, whatever it is made of             picture.go      what lies at a URL
//	device.go     who it is                                     services.go     what it can do, and where
//	profile.go    which streams it offers                       media.go        which of them are meant, where they are
//	channel.go    which channel of a recorder a stream is of    network.go      addresses as cameras tell them
//	inventory.go  all that it is and has                        recording.go, match.go  how far back it keeps
//
// Its rules:
//
//   - It asks and never sets: no question here changes anything in a camera.
//   - It dials the configured host and addresses inside the given networks, and
//     nothing else; it follows no redirect. Logins go to the configured host only.
//   - Two refused logins per host, then none for half an hour, until the secret is
//     another one or until a person asks ([Budget]): cameras lock a user out who
//     tries too often.
//   - Once a camera was asked by https it is never asked by http again, and never
//     by another certificate's holder ([CertificateChanged]).
//   - Everything from a camera is hostile: bounded in bytes, time, depth and
//     count. Text from a camera is cleaned before anybody reads it.
//
// This is the only room that knows github.com/use-go/onvif. Its typed questions
// and its envelope are used; its discovery, its decoding of answers and its login
// are not, because they crash on bad datagrams, decode most fields to zero without
// an error, take a refusal for an answer and know no HTTP Digest.
//
// The package does not know which cameras a site has, what its answers mean for
// the site, or what is done about an error.
package onvif
