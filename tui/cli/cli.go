package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"sync/atomic"
	"syscall"

	"pipewright/engine"
	"pipewright/engine/lab"
)

// version is set when the program is linked: -ldflags "-X pipewright/tui/cli.version=v1.2.3".
var version = "unreleased"

// Streams are where a command reads and writes. In is usually an *os.File; whether it and the others are
// terminals is found out from that.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// Shell opens the shell on a lab and returns when the person quits.
type Shell func(ctx context.Context, l *lab.Lab, ws engine.Workspace) error

// Main runs one command line and gives its exit code. args are those behind the program's name.
func Main(args []string, s Streams, shell Shell) int {
	a := newApp(args, s, shell)
	defer a.close()
	root := a.root()
	root.SetArgs(args)
	return a.finish(root.ExecuteContext(a.ctx))
}

// app is what the commands of one run share. Nothing is opened before a command needs it.
type app struct {
	in     io.Reader
	out    *output
	err    io.Writer
	shell  Shell
	flags  flags
	ctx    context.Context // done at the first signal
	cancel context.CancelFunc
	sig    *signals
	say    *narrator
	lab    *lab.Lab
	ws     engine.Workspace
	stays  bool // the lab is for the shell: PostgreSQL is brought up behind it, and back when it dies
}

// flags are the global ones.
type flags struct {
	workspace string
	dsn       string
	json      bool
	plain     bool
	quiet     bool
}

func newApp(args []string, s Streams, shell Shell) *app {
	a := &app{in: s.In, out: &output{w: s.Out}, err: s.Err, shell: shell}
	// A flag that cannot be parsed stops the parsing of those behind it: whoever asked for JSON gets it.
	a.flags.json = asksForJSON(args)
	a.ctx, a.cancel = context.WithCancel(context.Background())
	a.say = newNarrator(s.Err, &a.flags)
	a.sig = a.listen()
	return a
}

func asksForJSON(args []string) bool {
	if i := slices.Index(args, "--"); i >= 0 {
		args = args[:i]
	}
	return slices.Contains(args, "--json") || slices.Contains(args, "--json=true")
}

func (a *app) close() {
	a.cancel()
	if a.lab != nil {
		a.lab.Close()
	}
	a.sig.stop()
}

// failedChecks is the outcome of a command whose result was printed and says itself what is wrong: only
// the exit code is left to tell.
type outcome struct{ kind engine.Kind }

func (o outcome) Error() string { return string(o.kind) }

// finish tells a person what went wrong, and gives the exit code.
func (a *app) finish(err error) int {
	a.say.clear()
	if flushed := a.out.flush(); err == nil || a.out.closed() {
		err = flushed
	}
	if a.out.closed() {
		return 0 // the reader has seen enough
	}
	var done outcome
	if errors.As(err, &done) {
		return done.kind.ExitCode()
	}
	if err == nil {
		return 0
	}
	e := told(err)
	a.fail(e)
	return e.Kind.ExitCode()
}

// told gives any error as one for people.
func told(err error) *engine.Error {
	var e *engine.Error
	if errors.As(err, &e) {
		return e
	}
	if errors.Is(err, context.Canceled) {
		return &engine.Error{Kind: engine.Interrupted, What: "cancelled", Err: err}
	}
	return &engine.Error{Kind: engine.Failed, What: err.Error(), Err: err}
}

// output is standard output. It remembers the first error of a write, so that a reader who went away is
// told apart from a disk that is full.
type output struct {
	w    io.Writer
	err  error
	said atomic.Bool // something was written
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	if len(p) > 0 {
		o.said.Store(true)
	}
	n, err := o.w.Write(p)
	if err != nil {
		o.err = err
		if !o.closed() {
			o.err = &engine.Error{Kind: engine.Failed, What: "standard output could not be written: " + cause(err), Next: "make room, or send it elsewhere", Err: err}
		}
		return n, o.err
	}
	return n, nil
}

func (o *output) flush() error { return o.err }

// closed says whether the reader of standard output went away.
func (o *output) closed() bool {
	return errors.Is(o.err, syscall.EPIPE) || errors.Is(o.err, os.ErrClosed)
}

// cause is an operating system's reason in a few words, without the path that it carries.
func cause(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	return err.Error()
}
