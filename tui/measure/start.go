package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// measureStart times the program's start and the shell's first paint in a terminal that answers no query.
func measureStart(ctx context.Context, b *bench) error {
	var sample []float64
	for range 3 * b.rounds {
		took, _, err := timed(b.ours(ctx, "version"))
		if err != nil {
			return err
		}
		sample = append(sample, took.Seconds()*1e3)
	}
	b.atMost("version", "ms", spreadOf(sample), 40)

	if err := b.paint(ctx, "first paint, no database yet", filepath.Join(b.dir, "bare")); err != nil {
		return err
	}
	if _, err := b.server(ctx); err != nil {
		return err
	}
	return b.paint(ctx, "first paint, database up", filepath.Join(b.dir, "ws"))
}

func (b *bench) paint(ctx context.Context, what, workspace string) error {
	var sample []float64
	for range b.rounds {
		took, err := b.firstPaint(ctx, workspace)
		if err != nil {
			return err
		}
		sample = append(sample, took.Seconds()*1e3)
	}
	b.atMost(what, "ms", spreadOf(sample), 80)
	return nil
}

// painted is what the first whole screen shows: the header's first word and the footer's last.
var painted = []string{"Pipewright", "? keys"}

func (b *bench) firstPaint(ctx context.Context, workspace string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.binary, "--workspace", workspace)
	cmd.Env = append(withoutDatabase(os.Environ()), "TERM=xterm-256color", "COLORTERM=truecolor")
	screen := vt.NewEmulator(200, 60)
	defer func() { _ = screen.Close() }()
	go func() { _, _ = io.Copy(io.Discard, screen) }() // its answers go nowhere: the terminal is silent
	begin := time.Now()
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 60, Cols: 200})
	if err != nil {
		return 0, err
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = tty.Close()
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := tty.Read(buf)
		at := time.Now()
		if err != nil {
			return 0, fmt.Errorf("the shell ended before it painted: %w", err)
		}
		if _, err := screen.Write(buf[:n]); err != nil {
			return 0, err
		}
		if shows(screen.String()) {
			return at.Sub(begin), nil
		}
	}
}

func shows(screen string) bool {
	for _, p := range painted {
		if !strings.Contains(screen, p) {
			return false
		}
	}
	return true
}
