// Command cluster runs a command with a PostgreSQL server for tests beside it:
//
//	cluster [--] COMMAND ARGUMENT…
//
// The command finds the server's address in PIPEWRIGHT_TEST_DSN; when that is set already, the command
// runs as it is. The exit code is the command's, 128 and the signal's number when a signal ended it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"pipewright/engine/internal/postgres/pgtest"
)

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "usage: cluster [--] COMMAND ARGUMENT…")
		os.Exit(2)
	}
	code, err := run(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
	}
	os.Exit(code)
}

// run is the whole of it: server, command, server's end.
func run(args []string) (int, error) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = os.Environ()
	stop := func() error { return nil }
	if os.Getenv(pgtest.DSNVariable) == "" {
		c, err := start(signals)
		if err != nil {
			return 1, err
		}
		stop = c.Stop
		cmd.Env = append(cmd.Env, pgtest.DSNVariable+"="+c.DSN)
	}
	if err := cmd.Start(); err != nil {
		return 127, errors.Join(err, stop())
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			// ctrl-c reaches the whole foreground group by itself; the others may be meant for us alone.
			if s != syscall.SIGINT {
				_ = cmd.Process.Signal(s)
			}
		case err := <-ended:
			return exitCode(cmd, err), stop()
		}
	}
}

// start starts the server, and gives up when a signal comes.
func start(signals chan os.Signal) (*pgtest.Cluster, error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case s := <-signals:
			cancel(fmt.Errorf("%v", s))
		case <-done:
		}
	}()
	return pgtest.StartCluster(ctx)
}

func exitCode(cmd *exec.Cmd, err error) int {
	if err == nil {
		return 0
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	if code := cmd.ProcessState.ExitCode(); code > 0 {
		return code
	}
	return 1
}
