package main

import (
	"log/slog"
	"os"
	"time"

	sd "github.com/coreos/go-systemd/v22/daemon"

	"sitepost/cmd/sitepost/daemon"
)

// looks is how often it is looked for a sign of life while systemd waits for one: one
// that is late by a moment must not be the end.
const looks = 4

// watched lets systemd know how a daemon does, if it started us and wants to
// (Type=notify, WatchdogSec=): see sd_notify(3).
func watched(o daemon.Options) daemon.Options {
	if os.Getenv("NOTIFY_SOCKET") == "" {
		return o
	}
	o.Notify = func(state string) {
		if _, err := sd.SdNotify(false, state); err != nil {
			o.Log.Warn("systemd does not hear us", "err", err)
		}
	}
	o.Beat = everyLook(o.Log)
	return o
}

// everyLook is how often systemd's patience wants us to look; 0 if it has no end.
func everyLook(log *slog.Logger) time.Duration {
	patience, err := sd.SdWatchdogEnabled(false)
	if err != nil {
		log.Warn("systemd's watchdog is not understood", "err", err)
	}
	return patience / looks
}
