package sound

import "strings"

// After a commit that failed bbolt scans the whole file in a goroutine of its own,
// to learn anew which pages are free. In a file that is damaged that ends the
// process: nobody can guard that goroutine. But before it does so it tells its log
// of the failure, in ours. So its log is where we leave it: the transaction is then
// rolled back in memory, and the file is to be closed, for what is free in it is not
// known any more.
//
// All else that bbolt has to say to a log is dropped.
type leaver struct{}

// A failedCommit is what leaver panics with.
type failedCommit struct{ err error }

// failures begin what Tx.Commit tells its log before it scans the file (bbolt
// v1.5.0, tx.go).
var failures = [...]string{"spilling data onto dirty pages failed", "growing db size failed, pgid", "writing data failed", "writeMeta failed"}

func (leaver) Errorf(format string, args ...any) {
	for _, begin := range failures {
		if !strings.HasPrefix(format, begin) {
			continue
		}
		for _, arg := range args {
			if err, is := arg.(error); is {
				panic(failedCommit{err})
			}
		}
	}
}

func (leaver) Debug(...any)            {}
func (leaver) Debugf(string, ...any)   {}
func (leaver) Error(...any)            {}
func (leaver) Info(...any)             {}
func (leaver) Infof(string, ...any)    {}
func (leaver) Warning(...any)          {}
func (leaver) Warningf(string, ...any) {}
func (leaver) Fatal(...any)            {}
func (leaver) Fatalf(string, ...any)   {}
func (leaver) Panic(...any)            {}
func (leaver) Panicf(string, ...any)   {}
