//go:build unix

package tui

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"
	"golang.org/x/sys/unix"
)

// How long the program may take to leave by itself after a signal, and then to end its work, before it is
// left without it: a terminal that has stopped reading blocks whoever writes to it.
const (
	leaving = 3 * time.Second
	giveUp  = 4 * time.Second // longer than the lab takes to close
)

// heed sees to the signals that Bubble Tea leaves to its programs, until ctx is done. SIGHUP and SIGTERM
// end the program as q does, without a question; cancel ends what runs when that takes too long. SIGTSTP
// gives the terminal back before the process stops, and SIGCONT draws the screen anew.
func heed(ctx context.Context, cancel context.CancelFunc, program *tea.Program, in *os.File) {
	modes, err := term.GetState(in.Fd())
	if err != nil {
		modes = nil // it is no terminal
	}
	end, stop, cont := make(chan os.Signal, 1), make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGHUP, syscall.SIGTERM)
	signal.Notify(cont, syscall.SIGCONT)
	signal.Notify(stop, syscall.SIGTSTP)
	go func() {
		defer signal.Stop(cont)
		defer signal.Stop(stop)
		for {
			select {
			case <-ctx.Done():
				return
			case s := <-end:
				signal.Stop(end) // the second one ends the process
				go program.Quit()
				go insist(ctx, cancel, s, func() {
					if modes != nil {
						_ = term.Restore(in.Fd(), modes) // the screen cannot be written to
					}
				})
			case <-stop:
				if stoppable() { // else there would be nobody to wake it again
					go program.Send(tea.Exec(&stopped{}, nil)())
				}
			case <-cont:
				go program.Send(tea.ClearScreen())
			}
		}
	}()
}

// insist leaves a program that does not leave by itself.
func insist(ctx context.Context, cancel context.CancelFunc, s os.Signal, restore func()) {
	select {
	case <-ctx.Done():
		return
	case <-time.After(leaving):
	}
	cancel()
	time.Sleep(giveUp)
	code := 1
	if n, ok := s.(syscall.Signal); ok {
		code = 128 + int(n)
	}
	restore()
	os.Exit(code)
}

// stopped is the time in which the process stands still, as Bubble Tea runs it: with the terminal given
// back. It stops its group with SIGSTOP, as the kernel does on ctrl+z with SIGTSTP: Go's runtime keeps a
// handler for that one once it was asked for it, so that it would stop nothing. Bubble Tea's own way of
// suspending waits for ever then.
type stopped struct{}

// Run implements tea.ExecCommand.
func (*stopped) Run() error {
	cont := make(chan os.Signal, 1)
	signal.Notify(cont, syscall.SIGCONT)
	defer signal.Stop(cont)
	if err := syscall.Kill(0, syscall.SIGSTOP); err != nil {
		return err
	}
	<-cont
	return nil
}

// SetStdin implements tea.ExecCommand, as do SetStdout and SetStderr: it needs none of them.
func (*stopped) SetStdin(io.Reader)  {}
func (*stopped) SetStdout(io.Writer) {}
func (*stopped) SetStderr(io.Writer) {}

// suspend gives what stops the process as ctrl+z does in other programs; nil where it cannot.
func suspend() tea.Cmd {
	if !stoppable() {
		return nil
	}
	return tea.Exec(&stopped{}, nil)
}

// stoppable says whether a shell waits behind the program, which can wake it. The first program of a
// terminal has none.
func stoppable() bool {
	session, err := unix.Getsid(0)
	return err == nil && session != unix.Getpgrp()
}
