package tui

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"
	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"

	"pipewright/engine"
	"pipewright/tui/theme"
	"pipewright/views"
	"pipewright/views/curriculum"
)

// A course with a fault in a command, and one whose answer is a fault in Update.
type (
	faultyOutline struct{ Course }
	faultyStart   struct{ Course }
)

func (faultyOutline) Outline() (curriculum.Outline, error)         { panic("a fault in a command") }
func (faultyStart) Start(context.Context, string) (*Opened, error) { return nil, nil }

// faultyPane cannot be drawn.
type faultyPane struct{ views.Pane }

func (faultyPane) Draw(*theme.Theme, int, int, bool) []string { panic("a fault in View") }

// A fault of the shell's own, wherever it is, leaves the terminal as it was, and says where the log is.
func TestAFaultRestoresTheTerminal(t *testing.T) {
	for name, c := range map[string]struct {
		run func(o Options) error
		log string
	}{
		"a command": {func(o Options) error {
			o.Course = faultyOutline{o.Course}
			return Open(t.Context(), o)
		}, "a fault in a command"},
		"Update": {func(o Options) error {
			o.Course = faultyStart{o.Course}
			if err := keep(o.Workspace, memory{Session: "1.4"}); err != nil {
				return err
			}
			return Open(t.Context(), o)
		}, "nil pointer"},
		"View": {func(o Options) error {
			m, err := newModel(t.Context(), o, memory{}, theme.New(theme.Dark))
			if err != nil {
				return err
			}
			m.panes[curriculum.Place] = faultyPane{m.panes[curriculum.Place]}
			err = play(tea.NewProgram(m, tea.WithInput(o.In), tea.WithOutput(o.Out), tea.WithoutCatchPanics()), m)
			return m.leave(o, err)
		}, "a fault in View"},
	} {
		t.Run(name, func(t *testing.T) {
			o, screen := inTerminal(t)
			before, err := term.GetState(o.In.Fd())
			if err != nil {
				t.Fatal(err)
			}
			err = c.run(o)
			var e *engine.Error
			if !errors.As(err, &e) || e.Where != o.Workspace.Log() {
				t.Fatalf("it said %v", err)
			}
			after, err := term.GetState(o.In.Fd())
			if err != nil || *before != *after {
				t.Fatalf("the terminal's modes are %+v, and were %+v (%v)", after, before, err)
			}
			text, err := os.ReadFile(o.Workspace.Log())
			if err != nil || !strings.Contains(string(text), c.log) || !strings.Contains(string(text), "goroutine") {
				t.Fatalf("%v\n%s", err, text)
			}
			if shown := screen(); strings.Contains(shown, "Pipewright") {
				t.Fatalf("the shell's screen is still there:\n%s", shown)
			}
		})
	}
}

// inTerminal gives a shell's options with a terminal of its own, and a look at its screen once the shell
// has ended.
func inTerminal(t *testing.T) (Options, func() string) {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(master, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	screen := vt.NewEmulator(80, 24)
	go func() { _, _ = io.Copy(io.Discard, screen) }()
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(screen, master)
	}()
	ws := engine.Workspace{Dir: t.TempDir()}
	course, err := NewCourse(ws)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Lab: still{}, Course: course, Workspace: ws, In: tty, Out: tty, Env: []string{"TERM=xterm-256color"}}
	return o, func() string {
		_ = tty.Close()
		<-read
		_ = master.Close()
		return screen.String()
	}
}
