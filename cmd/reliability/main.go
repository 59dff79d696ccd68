// Command reliability runs every test that breaks something on purpose and prints
// what sitepost did about it as one table, and as JSON.
//
//	reliability [--long] [--json FILE] [--markdown FILE]
//
// It runs the tests of one package after the other, for they measure time, and
// prints a line for each row as it comes. It exits with 1 if a row did not meet its
// aim, and also if one is missing: a test that was skipped proves nothing.
//
// It does not know any fault: the tests tell their rows (package figure).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"sitepost/cmd/reliability/figure"
)

func main() {
	long := flag.Bool("long", false, "do much more, for hours")
	path := flag.String("json", "", "also write the table as JSON to this `file`; - is standard output")
	document := flag.String("markdown", "", "also write the table to this `file` as the README shows it")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	met, err := run(ctx, os.Stdout, *long, *path, *document)
	if err != nil {
		fmt.Fprintln(os.Stderr, "reliability:", err)
		os.Exit(2)
	}
	if !met {
		os.Exit(1)
	}
}

// run runs all tests and prints their table. With - the JSON is all that goes to out.
func run(ctx context.Context, out io.Writer, long bool, path, document string) (met bool, err error) {
	table := report{Machine: here(), Size: "full", Began: time.Now().Truncate(time.Second)}
	if long {
		table.Size = "long"
	}
	progress := out
	if path == "-" {
		progress = os.Stderr
	}
	fmt.Fprintf(progress, "%v\n\n", table.Machine)
	for _, pkg := range packages() {
		outcomes, err := runPackage(ctx, pkg, table.Size, progress)
		if err != nil {
			return false, err
		}
		table.add(pkg, outcomes)
	}
	table.Seconds = time.Since(table.Began).Round(time.Second).Seconds()
	fmt.Fprintf(progress, "\n%s\n%v\n", table.text(), table.sum())
	return table.met(), errors.Join(table.write(out, path), table.show(document))
}

// packages lists the packages of the tests, in their order.
func packages() (all []string) {
	for _, f := range faultTests {
		if !slices.Contains(all, f.Package) {
			all = append(all, f.Package)
		}
	}
	return all
}

// runPackage runs the tests of one package. That they fail is an outcome, no error.
func runPackage(ctx context.Context, pkg, size string, progress io.Writer) (map[string]*outcome, error) {
	test := exec.CommandContext(ctx, "go", "test", "-json", "-count=1", "-timeout=6h", "-run=^TestReliable", "sitepost/"+pkg)
	test.Env = append(os.Environ(), figure.Env+"="+size, "SITEPOST_ALL=1")
	test.Stderr = os.Stderr
	test.Cancel = func() error { return test.Process.Signal(os.Interrupt) }
	test.WaitDelay = 10 * time.Second
	stream, err := test.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := test.Start(); err != nil {
		return nil, err
	}
	outcomes, wrong := read(stream, progress)
	var failed *exec.ExitError
	if err := test.Wait(); err != nil && !errors.As(err, &failed) {
		return nil, err
	}
	return outcomes, errors.Join(wrong, ctx.Err())
}
