package tui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"pipewright/engine"
	"pipewright/engine/lab"
	"pipewright/tui/theme"
)

// Run opens the shell on a lab and returns when the person has left.
func Run(ctx context.Context, l *lab.Lab, ws engine.Workspace) error {
	course, err := NewCourse(ws)
	if err != nil {
		return err
	}
	return Open(ctx, Options{Lab: l, Course: course, Workspace: ws, In: os.Stdin, Out: os.Stdout, Env: os.Environ()})
}

// Options say what a shell works on and where it is drawn.
type Options struct {
	Lab       Engine
	Course    Course
	Workspace engine.Workspace
	In, Out   *os.File
	Env       []string
}

// frames is how many frames a second are drawn at most.
const frames = 120

// Open opens a shell and returns when the person has left.
func Open(ctx context.Context, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	mem := recall(o.Workspace)
	profile := profileOf(o.Env)
	m, err := newModel(ctx, o, mem, theme.New(themeOf(profile, mem.Theme)))
	if err != nil {
		return err
	}
	program := tea.NewProgram(m,
		tea.WithContext(ctx), tea.WithInput(&reader{File: o.In}), tea.WithOutput(o.Out), tea.WithEnvironment(o.Env),
		tea.WithColorProfile(profile), tea.WithFPS(frames), tea.WithoutCatchPanics())
	heed(ctx, cancel, program, o.In)
	err = play(program, m)
	return m.leave(o, err)
}

// play runs the program. A panic on the way is kept in the model; the terminal is restored before
// anything is said about it.
func play(program *tea.Program, m *model) (err error) {
	defer func() {
		if r := recover(); r != nil {
			m.crash = &crash{r, debug.Stack()}
			program.Kill()
		}
	}()
	_, err = program.Run()
	return err
}

// leave writes down what is to be kept, and says what went wrong.
func (m *model) leave(o Options, err error) error {
	if m.crash != nil {
		return m.crash.tell(o.Workspace)
	}
	if s := m.clock.take(m.now(), ""); s.d > 0 && s.step != "" {
		if werr := m.course.Spent(s.session, s.step, s.d); werr != nil && err == nil {
			err = werr
		}
	}
	// A check that ended just now may have been recorded and not been written down yet.
	if werr := m.course.Settle(); werr != nil && err == nil {
		err = werr
	}
	if kerr := keep(o.Workspace, m.memory()); kerr != nil && err == nil {
		err = &engine.Error{Kind: engine.Failed, What: "the shell's place could not be kept", Where: memoryPath(o.Workspace),
			Next: "look at the folder's permissions and the free space", Err: kerr}
	}
	switch {
	case errors.Is(err, tea.ErrInterrupted):
		return &engine.Error{Kind: engine.Interrupted, What: "interrupted", Err: err}
	case errors.Is(err, tea.ErrProgramKilled) && m.ctx.Err() != nil:
		return nil // whoever cancelled knows
	}
	return err
}

// tell writes the panic to the log and gives a sentence about it.
func (c *crash) tell(ws engine.Workspace) error {
	e := &engine.Error{Kind: engine.Failed, What: "the shell stopped on a fault of its own; nothing that was recorded is lost",
		Where: ws.Log(), Next: "the log says what happened; pipewright opens at the same place again"}
	f, err := os.OpenFile(ws.Log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = fmt.Fprintf(f, "time=%s level=ERROR msg=\"the shell panicked\" what=%q\n%s\n", time.Now().Format(time.RFC3339), fmt.Sprint(c.what), c.stack)
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}
	if err != nil {
		e.Where, e.Next = "", fmt.Sprintf("the log could not be written; it was: %v", c.what)
	}
	return e
}

// profileOf says how many colours the terminal has, from the environment alone. Bubble Tea's own way
// runs tmux to ask it, before anything is drawn, and takes NO_COLOR for a boolean; no-color.org says that
// any value that is not empty counts.
func profileOf(env []string) colorprofile.Profile {
	p := colorprofile.Env(env)
	for _, kv := range env {
		if len(kv) > len("NO_COLOR=") && kv[:len("NO_COLOR=")] == "NO_COLOR=" {
			p = min(p, colorprofile.ASCII)
		}
	}
	return max(p, colorprofile.ASCII)
}

// themeOf picks a theme: by the colours that there are, and, until the terminal says what its background
// is, by what it was last time.
func themeOf(p colorprofile.Profile, last theme.Name) theme.Name {
	switch {
	case p <= colorprofile.ASCII:
		return theme.Plain
	case p == colorprofile.ANSI:
		return theme.Sixteen
	case last == theme.Light:
		return theme.Light
	}
	return theme.Dark
}
