package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// bench is one run of the measurements, with a workspace and a PostgreSQL of its own.
type bench struct {
	options
	dir    string
	dsn    string // of the workspace's PostgreSQL, once it was needed
	missed int
}

func newBench(ctx context.Context, o options) (*bench, error) {
	binary, err := filepath.Abs(o.binary)
	if err != nil {
		return nil, err
	}
	o.binary = binary
	if _, err := os.Stat(binary); err != nil {
		return nil, fmt.Errorf("%w; make build makes it", err)
	}
	dir, err := os.MkdirTemp("", "pipewright-measure-")
	if err != nil {
		return nil, err
	}
	return &bench{options: o, dir: dir}, nil
}

func (b *bench) close() {
	if b.dsn != "" {
		_ = b.ours(context.Background(), "db", "stop").Run()
	}
	_ = b.ours(context.Background(), "db", "reset", "--yes").Run()
	_ = os.RemoveAll(b.dir)
}

// ours is the program on the bench's workspace.
func (b *bench) ours(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, b.binary, append([]string{"--quiet", "--workspace", filepath.Join(b.dir, "ws")}, args...)...)
	cmd.Env = withoutDatabase(os.Environ())
	return cmd
}

// withoutDatabase drops what would lead the program to somebody else's server.
func withoutDatabase(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(s string) bool {
		return strings.HasPrefix(s, "DATABASE_URL=") || strings.HasPrefix(s, "PIPEWRIGHT_WORKSPACE=")
	})
}

// server brings the workspace's PostgreSQL up, as a learner has it, and gives its address.
func (b *bench) server(ctx context.Context) (string, error) {
	if b.dsn != "" {
		return b.dsn, nil
	}
	if _, _, err := timed(b.ours(ctx, "db", "start")); err != nil {
		return "", err
	}
	out, err := b.ours(ctx, "db", "dsn").Output()
	if err != nil {
		return "", err
	}
	b.dsn = strings.TrimSpace(string(out))
	return b.dsn, nil
}

// makeLeads writes clean leads.
func (b *bench) makeLeads(ctx context.Context, rows int64) (string, error) {
	path := filepath.Join(b.dir, fmt.Sprintf("leads_%d.csv", rows))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	_, _, err := timed(b.ours(ctx, "data", "make", "leads", "--rows", fmt.Sprint(rows), "--seed", "7", "--out", path))
	return path, err
}

// timed runs a command to its end and gives its wall time and peak memory in bytes.
func timed(cmd *exec.Cmd) (time.Duration, int64, error) {
	var errs bytes.Buffer
	cmd.Stderr = &errs
	begin := time.Now()
	err := cmd.Run()
	took := time.Since(begin)
	if err != nil {
		return took, 0, fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, strings.TrimSpace(errs.String()))
	}
	peak := int64(0)
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		peak = u.Maxrss << 10 // Linux counts it in KiB
	}
	return took, peak, nil
}

func memoryOfMachine() string {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return "memory unknown"
	}
	var kib int64
	if _, err := fmt.Sscanf(string(text), "MemTotal: %d kB", &kib); err != nil {
		return "memory unknown"
	}
	return fmt.Sprintf("%.0f GiB", float64(kib)/(1<<20))
}
