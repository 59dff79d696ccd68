// Package virtual is a site that is not there: instruments that speak on ptys
// from the same profiles that the daemon reads them with, cameras that answer
// WS-Discovery, ONVIF and RTSP, and [Site], which sets all of them up from an
// ordinary site.toml.
//
// Whatever stands here behaves as the real thing does, and misbehaves only
// when it is told to. It is for the demonstration and for tests; the daemon
// does not know it. It may use the server halves of libraries whose client
// halves have a room of their own.
//
// It does not know what becomes of what it says.
package virtual
