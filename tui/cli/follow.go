package cli

import (
	"context"
	"os"

	"pipewright/engine"
	"pipewright/engine/lab"
	"pipewright/sessions"
)

// workspace finds the learner's folder and makes sure that it can be worked in.
func (a *app) workspace() (engine.Workspace, error) {
	if a.ws.Dir != "" {
		return a.ws, nil
	}
	ws, err := a.place()
	if err != nil {
		return ws, err
	}
	if err := sessions.Prepare(ws); err != nil {
		return ws, err
	}
	a.ws = ws
	return ws, nil
}

// place says where the workspace is, or would be, and touches nothing.
func (a *app) place() (engine.Workspace, error) {
	cwd, err := os.Getwd()
	if err != nil {
		cwd = "" // it was removed; only a relative path needs it
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = "" // FindWorkspace says what that means
	}
	return sessions.FindWorkspace(a.flags.workspace, os.Getenv, cwd, home)
}

// open gives the lab of this run, opened at first use.
func (a *app) open() (*lab.Lab, error) {
	if a.lab != nil {
		return a.lab, nil
	}
	ws, err := a.workspace()
	if err != nil {
		return nil, err
	}
	o := lab.Options{
		Workspace: ws,
		DSN:       a.dsn(),
		Binaries:  os.Getenv("PIPEWRIGHT_POSTGRES"),
		Stdin:     a.in,
		Watch:     a.stays,
	}
	if a.stays {
		o.Warm = []engine.Backend{engine.Postgres}
	}
	a.lab, err = lab.Open(a.ctx, o)
	return a.lab, err
}

// dsn is the PostgreSQL that the person named; empty means the workspace's own.
func (a *app) dsn() string {
	if a.flags.dsn != "" {
		return a.flags.dsn
	}
	return os.Getenv("DATABASE_URL")
}

// follow submits a request and reads its job to the end: progress and notes are told, everything else
// goes to on. When on fails the job is cancelled, and that failure is the one that counts.
func (a *app) follow(req engine.Request, on func(engine.Event) error) error {
	l, err := a.open()
	if err != nil {
		return err
	}
	job, err := l.Submit(a.ctx, req)
	if err != nil {
		return err
	}
	return a.read(job, on)
}

func (a *app) read(job engine.Job, on func(engine.Event) error) error {
	var failed error
	defer a.say.clear()
	for {
		// The end always comes, also after a cancel: the reader needs no way out of its own.
		ev, ok := job.Next(context.Background())
		if !ok {
			return failed
		}
		switch ev := ev.(type) {
		case engine.Started:
		case engine.Progress:
			a.say.progress(ev)
		case engine.Note:
			a.say.note(ev.Text)
		case engine.Ended:
			if failed == nil && ev.Err != nil {
				failed = ev.Err
			}
		default:
			if failed != nil {
				continue
			}
			if failed = on(ev); failed != nil {
				job.Cancel()
			}
		}
	}
}
