package cli

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"pipewright/engine"
)

// ending is how long a cancelled job may take to end its work on the server before the program leaves
// without it.
const ending = 2 * time.Second

// interrupted is 128 + SIGINT, as shells count.
var interrupted = engine.Interrupted.ExitCode()

// signals turns the first SIGINT, SIGTERM or SIGHUP into a cancelled context, and leaves at the second.
type signals struct {
	in   chan os.Signal
	pipe chan os.Signal
	done chan struct{}
	once sync.Once
}

func (a *app) listen() *signals {
	s := &signals{in: make(chan os.Signal, 4), pipe: make(chan os.Signal, 1), done: make(chan struct{})}
	signal.Notify(s.in, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// With a listener a write to a pipe that nobody reads gives EPIPE instead of ending the process in the
	// middle of a load.
	signal.Notify(s.pipe, syscall.SIGPIPE)
	go func() {
		select {
		case <-s.in:
		case <-s.done:
			return
		}
		a.say.line("cancelling; once more to leave at once")
		a.cancel()
		limit := time.NewTimer(ending)
		defer limit.Stop()
		select {
		case <-s.in:
		case <-limit.C:
			a.say.clear()
			a.fail(&engine.Error{Kind: engine.Interrupted, What: "cancelled, and the job did not end within " + seconds(ending), Next: "it may go on for a moment"})
		case <-s.done:
			return
		}
		os.Exit(interrupted)
	}()
	return s
}

// stop gives the signals back: to the shell, which has its own way with them, or at the end.
func (s *signals) stop() {
	s.once.Do(func() {
		signal.Stop(s.in)
		signal.Stop(s.pipe)
		close(s.done)
	})
}
