package daemon_test

import (
	"os"
	"testing"

	"sitepost/ingest/store/disktest"
)

// TestMain is also the process of a disk that refuses.
func TestMain(m *testing.M) {
	disktest.Main()
	os.Exit(m.Run())
}
