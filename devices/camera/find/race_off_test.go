//go:build !race

package find_test

const slower = 1
