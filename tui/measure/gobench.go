package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// measureSplitter runs the record splitter against encoding/csv on one core.
func measureSplitter(ctx context.Context, b *bench) error {
	got, err := goBench(ctx, "./engine/load/csvscan", "AgainstEncodingCSV", 5)
	if err != nil {
		return err
	}
	for name, units := range got {
		if r, ok := units["×encoding/csv"]; ok {
			b.atLeast(name, spreadOf(r), 2.5)
		}
	}
	return nil
}

// measureShell runs the shell's own benchmarks at 200×60.
func measureShell(ctx context.Context, b *bench) error {
	got, err := goBench(ctx, "./tui", "^Benchmark(Update|View)", 5)
	if err != nil {
		return err
	}
	for name, units := range got {
		limit := 1.0
		if strings.Contains(name, "View") {
			limit = 4
		}
		ms := make([]float64, len(units["ns/op"]))
		for i, ns := range units["ns/op"] {
			ms[i] = ns / 1e6
		}
		b.atMost(name, "ms", spreadOf(ms), limit)
	}
	return nil
}

// goBench runs Go benchmarks and gives each one's figures by unit.
func goBench(ctx context.Context, pkg, pattern string, count int) (map[string]map[string][]float64, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", pattern, "-count", strconv.Itoa(count), "-cpu", "1", pkg)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go test -bench %s %s: %w\n%s", pattern, pkg, err, out)
	}
	got := map[string]map[string][]float64{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") {
			continue
		}
		name := strings.TrimPrefix(f[0], "Benchmark")
		if got[name] == nil {
			got[name] = map[string][]float64{}
		}
		for i := 2; i+1 < len(f); i += 2 {
			if v, err := strconv.ParseFloat(f[i], 64); err == nil {
				got[name][f[i+1]] = append(got[name][f[i+1]], v)
			}
		}
	}
	if len(got) == 0 {
		return nil, fmt.Errorf("no benchmark in %s is called %s", pkg, pattern)
	}
	return got, nil
}
