package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// A machine is where the figures were measured: they hold for nothing else.
type machine struct {
	Cores  int       `json:"cores"`
	Load   string    `json:"load"` // of the last minute, before the tests
	Kernel string    `json:"kernel"`
	System string    `json:"system"`
	Arch   string    `json:"arch"`
	Go     string    `json:"go"`
	Date   time.Time `json:"date"`
}

// here is this machine, now. What it does not tell is left out.
func here() machine {
	m := machine{Cores: runtime.NumCPU(), Arch: runtime.GOARCH, Go: runtime.Version(), Date: time.Now().UTC().Truncate(time.Second)}
	m.Load, _, _ = strings.Cut(first("/proc/loadavg"), " ")
	m.Kernel = first("/proc/sys/kernel/osrelease")
	m.System = "Debian " + first("/etc/debian_version")
	return m
}

// first is the first line of a file, "" if there is none.
func first(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(content), "\n")
	return line
}

func (m machine) String() string {
	return fmt.Sprintf("%d cores (%s), load %s, Linux %s, %s, %s, %s", m.Cores, m.Arch, m.Load, m.Kernel, m.System, m.Go, m.Date.Format(time.RFC3339))
}
