// Command measure times the built program against its peers, in the same run and in turn, and says
// which of the project's speed and size requirements hold on this machine. It is what `make bench` runs.
//
// Each line is a ratio of medians of pairs with its spread, or a figure with its spread; a pair is our
// run and the peer's, one right after the other, in an order that alternates. The exit code is 1 when a
// requirement does not hold.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
)

func main() {
	o := options{}
	flag.StringVar(&o.binary, "binary", "bin/pipewright", "the built program")
	flag.IntVar(&o.rounds, "rounds", 7, "pairs per comparison")
	flag.Int64Var(&o.rows, "rows", 1_000_000, "rows of the load comparisons")
	flag.Int64Var(&o.most, "most", 10_000_000, "rows of the largest memory measurement")
	only := flag.String("only", "", "comma-separated parts: load, memory, start, splitter, shell")
	flag.Parse()
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, o))
}

type options struct {
	binary string
	rounds int
	rows   int64
	most   int64
	only   []string
}

// part is one group of measurements.
type part struct {
	name string
	run  func(context.Context, *bench) error
}

var parts = []part{
	{"start", measureStart},
	{"splitter", measureSplitter},
	{"shell", measureShell},
	{"load", measureLoad},
	{"memory", measureMemory},
}

func run(ctx context.Context, o options) int {
	b, err := newBench(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		return 1
	}
	defer b.close()
	fmt.Printf("%s/%s, %d cores, %s\n\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), memoryOfMachine())
	for _, p := range parts {
		if !o.wants(p.name) {
			continue
		}
		fmt.Println(p.name)
		if err := p.run(ctx, b); err != nil {
			fmt.Fprintf(os.Stderr, "measure: %s: %v\n", p.name, err)
			return 1
		}
		fmt.Println()
	}
	if b.missed > 0 {
		fmt.Printf("%d requirements do not hold here\n", b.missed)
		return 1
	}
	fmt.Println("all requirements hold here")
	return 0
}

func (o options) wants(name string) bool {
	if len(o.only) == 0 {
		return true
	}
	for _, n := range o.only {
		if n == name {
			return true
		}
	}
	return false
}
