//go:build race

package find_test

// slower is how much longer things may take under the race detector, which slows
// the hundred cameras and us down alike.
const slower = 6
