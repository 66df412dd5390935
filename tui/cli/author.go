package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"pipewright/engine"
	"pipewright/engine/lab"
	"pipewright/sessions"
)

func (a *app) authorCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:     "author",
		Short:   "For those who write sessions",
		Example: "  pipewright author check 1.4",
	}, &cobra.Command{
		Use:   "check [ID...]",
		Short: "Prove sessions: starters fail, solutions pass, wrong answers are rejected",
		Long: "Checks the text of the sessions, then proves on a real engine that what a learner begins with\n" +
			"fails, that the solution passes, and that each wrong answer is noticed. It works in a folder\n" +
			"and a database of its own, and removes both.",
		Example:           "  pipewright author check\n  pipewright author check 1.2 1.4 --json",
		ValidArgsFunction: completeSession,
		RunE:              func(_ *cobra.Command, ids []string) error { return a.authorCheck(ids) },
	})
}

func (a *app) authorCheck(ids []string) error {
	all := sessions.AuthorCheckEach(a.ctx, a.scratch, ids, func(r sessions.AuthorResult) {
		a.say.clear()
		if a.flags.json {
			return
		}
		sign := a.paint(green, "✓")
		if !r.Passed {
			sign = a.paint(red, "✗")
		}
		fmt.Fprintf(a.out, "%s %s\n", sign, inert(r.ID))
		for _, p := range r.Problems {
			fmt.Fprintf(a.out, "  %s\n", inert(p))
		}
	})
	if err := a.ctx.Err(); err != nil {
		return err
	}
	if a.flags.json {
		for i := range all {
			if all[i].Problems == nil {
				all[i].Problems = []string{}
			}
		}
		if err := printJSON(a.out, map[string]any{"sessions": all}); err != nil {
			return err
		}
	}
	for _, r := range all {
		if !r.Passed {
			return outcome{engine.Failed}
		}
	}
	return nil
}

// scratch opens an engine on a folder of its own and on a database of its own, made beside the
// workspace's.
func (a *app) scratch(ctx context.Context, ws engine.Workspace) (engine.Submitter, func() error, error) {
	dsn, err := a.connString()
	if err != nil {
		return nil, nil, err
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return nil, nil, &engine.Error{Kind: engine.Failed, What: "the address of the database cannot be changed to another database", Err: errors.New("no URL")}
	}
	name := "pipewright_author_" + strings.ToLower(rand.Text()[:12])
	if err := a.statement(ctx, "create database "+name); err != nil {
		return nil, nil, err
	}
	drop := func() error {
		// The check may have been cancelled; what it made goes all the same.
		return a.statement(context.WithoutCancel(ctx), "drop database if exists "+name+" with (force)")
	}
	u.Path = "/" + name
	l, err := lab.Open(ctx, lab.Options{Workspace: ws, DSN: u.String(), Stdin: strings.NewReader("")})
	if err != nil {
		return nil, nil, errors.Join(err, drop())
	}
	return narrated{l, a.say}, func() error {
		l.Close()
		return drop()
	}, nil
}

// statement runs SQL whose result does not matter on the workspace's PostgreSQL.
func (a *app) statement(ctx context.Context, sql string) error {
	l, err := a.open()
	if err != nil {
		return err
	}
	job, err := l.Submit(ctx, engine.RunQuery{SQL: sql, Backend: engine.Postgres})
	if err != nil {
		return err
	}
	return a.read(job, func(engine.Event) error { return nil })
}
