package sessions

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"pipewright/engine"
)

// OpenScratch opens an engine on a scratch workspace and an empty scratch database, never the
// learner's, and gives what closes it.
type OpenScratch func(ctx context.Context, ws engine.Workspace) (engine.Submitter, func() error, error)

// AuthorResult is what author check found for one session.
type AuthorResult struct {
	ID       string   `json:"id"`
	Passed   bool     `json:"passed"`
	Problems []string `json:"problems"`
}

// AuthorCheck proves the content of the sessions with these ids, or of all that have content: the text
// alone first, then on a real engine, each from an empty state, that the starting state fails every criterion,
// the solution passes all of them, and each wrong answer fails the criteria that it names. open is
// called once, with a scratch workspace; the tables that the sessions name under reset are dropped there
// between proofs, and a database that has one of them at the beginning is refused.
func AuthorCheck(ctx context.Context, open OpenScratch, ids []string) []AuthorResult {
	cat, err := Load()
	if err != nil {
		return []AuthorResult{{ID: "content", Problems: strings.Split(err.Error(), "\n")}}
	}
	return cat.authorCheck(ctx, open, ids, nil)
}

// AuthorCheckEach is AuthorCheck that tells each of a session's result as soon as it is known.
func AuthorCheckEach(ctx context.Context, open OpenScratch, ids []string, each func(AuthorResult)) []AuthorResult {
	cat, err := Load()
	if err != nil {
		r := AuthorResult{ID: "content", Problems: strings.Split(err.Error(), "\n")}
		each(r)
		return []AuthorResult{r}
	}
	return cat.authorCheck(ctx, open, ids, each)
}

func (c *Catalogue) authorCheck(ctx context.Context, open OpenScratch, ids []string, each func(AuthorResult)) []AuthorResult {
	if len(ids) == 0 {
		ids = c.available()
	}
	b := &bench{cat: c}
	if err := b.open(ctx, open, ids); err != nil {
		b.broken = err
	}
	var out []AuthorResult
	for _, id := range ids {
		r := AuthorResult{ID: id, Problems: []string{}}
		if s, err := c.Open(id); err != nil {
			r.Problems = append(r.Problems, err.Error())
		} else {
			r.Problems = append(r.Problems, c.proseProblems(s)...)
			r.Problems = append(r.Problems, b.prove(ctx, s)...)
		}
		r.Passed = len(r.Problems) == 0
		out = append(out, r)
		if each != nil {
			each(r)
		}
	}
	if err := b.close(ctx); err != nil {
		r := AuthorResult{ID: "scratch", Problems: []string{err.Error()}}
		out = append(out, r)
		if each != nil {
			each(r)
		}
	}
	return out
}

// bench is the scratch workspace on which content is proven.
type bench struct {
	cat    *Catalogue
	dir    string
	ws     engine.Workspace
	sub    engine.Submitter
	closer func() error
	broken error      // why nothing can be proven
	used   []*Session // whose tables may be there
}

func (b *bench) open(ctx context.Context, open OpenScratch, ids []string) error {
	dir, err := os.MkdirTemp("", "pipewright-author-")
	if err != nil {
		return err
	}
	b.dir, b.ws = dir, engine.Workspace{Dir: filepath.Join(dir, "workspace")}
	if err := Prepare(b.ws); err != nil {
		return err
	}
	if b.sub, b.closer, err = open(ctx, b.ws); err != nil {
		return fmt.Errorf("no scratch engine: %w", err)
	}
	for _, id := range ids {
		s, err := b.cat.Open(id)
		if err != nil {
			continue
		}
		for _, table := range s.Reset {
			for _, be := range []engine.Backend{engine.Postgres, engine.DuckDB} {
				n, err := oneValue(ctx, b.sub, countTables(be, table))
				if err != nil {
					return fmt.Errorf("the scratch %s does not answer: %w", be, err)
				}
				if n != "0" {
					return fmt.Errorf("the %s database already has a table %s: author check drops tables and works in an empty scratch database only", be, table)
				}
			}
		}
	}
	return nil
}

// countTables asks whether a table is there.
func countTables(b engine.Backend, table string) engine.RunQuery {
	return engine.RunQuery{Backend: b, SQL: "select count(*) from information_schema.tables where table_name = '" + strings.ReplaceAll(table, "'", "''") + "'"}
}

// close leaves the scratch database as empty as it was.
func (b *bench) close(ctx context.Context) error {
	var err error
	for _, s := range b.used {
		err = errors.Join(err, b.dropTables(ctx, s))
	}
	if b.closer != nil {
		err = b.closer()
	}
	if b.dir != "" {
		err = errors.Join(err, os.RemoveAll(b.dir))
	}
	return err
}

// prove runs the session's proofs, each from an empty state.
func (b *bench) prove(ctx context.Context, s *Session) []string {
	if b.broken != nil {
		return []string{"nothing could be proven: " + b.broken.Error()}
	}
	b.used = append(b.used, s)
	var p []string
	add := func(format string, args ...any) { p = append(p, fmt.Sprintf(format, args...)) }

	rep, err := b.try(ctx, s, nil)
	if err != nil {
		add("the starting state cannot be checked: %v", err)
	}
	for _, e := range rep.Criteria {
		if e.Passed {
			add("criterion %s passes in the starting state: it proves nothing", e.Criterion)
		}
	}
	if rep, err = b.try(ctx, s, s.Solution); err != nil {
		add("the solution does not run: %v", err)
	}
	for _, e := range rep.Criteria {
		if e.Err != nil {
			add("the solution: criterion %s could not be checked: %v", e.Criterion, e.Err)
		} else if !e.Passed {
			add("the solution fails criterion %s: expected %s, saw %s (%s)", e.Criterion, e.Expected, e.Observed, e.Cause)
		}
	}
	for _, w := range s.Wrong {
		rep, err := b.try(ctx, s, w.Do)
		if err != nil {
			add("wrong answer %s does not run: %v", w.ID, err)
			continue
		}
		for _, id := range w.Fails {
			if passed(rep, id) {
				add("wrong answer %s (%s) passes criterion %s", w.ID, w.Title, id)
			}
		}
	}
	return p
}

func passed(rep Report, criterion string) bool {
	for _, e := range rep.Criteria {
		if e.Criterion == criterion {
			return e.Passed
		}
	}
	return false
}

// try does the actions from an empty state and evaluates. A criterion that could not be checked is an
// error: it says nothing about the answer.
func (b *bench) try(ctx context.Context, s *Session, actions []Action) (Report, error) {
	j, err := b.reset(ctx, s)
	if err != nil {
		return Report{}, err
	}
	if _, err := Start(ctx, b.ws, j, s); err != nil {
		return Report{}, err
	}
	for i, a := range actions {
		if err := b.perform(ctx, j, s, a); err != nil {
			return Report{}, fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	rep, err := Evaluate(ctx, b.sub, b.ws, j, s, nil)
	for _, e := range rep.Criteria {
		if err == nil && e.Err != nil {
			err = fmt.Errorf("criterion %s: %w", e.Criterion, e.Err)
		}
	}
	return rep, err
}

// reset empties the workspace but for the engine's own state, and drops the session's tables.
func (b *bench) reset(ctx context.Context, s *Session) (*Journal, error) {
	names, err := os.ReadDir(b.ws.Dir)
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		if path := filepath.Join(b.ws.Dir, n.Name()); path != b.ws.State() && path != b.ws.Env() {
			if err := os.RemoveAll(path); err != nil {
				return nil, err
			}
		}
	}
	if err := removeIfThere(b.ws.Journal()); err != nil {
		return nil, err
	}
	if err := b.dropTables(ctx, s); err != nil {
		return nil, err
	}
	if err := Prepare(b.ws); err != nil {
		return nil, err
	}
	return OpenJournal(b.ws)
}

func (b *bench) dropTables(ctx context.Context, s *Session) error {
	for _, table := range s.Reset {
		for _, be := range []engine.Backend{engine.Postgres, engine.DuckDB} {
			n, err := oneValue(ctx, b.sub, countTables(be, table))
			if err == nil && n != "0" {
				sql := `drop table "` + strings.ReplaceAll(table, `"`, `""`) + `" cascade`
				err = follow(ctx, b.sub, engine.RunQuery{SQL: sql, Backend: be}, func(engine.Event) error { return nil })
			}
			if err != nil {
				return fmt.Errorf("dropping %s: %w", table, err)
			}
		}
	}
	return nil
}

// perform does one thing that a learner does.
func (b *bench) perform(ctx context.Context, j *Journal, s *Session, a Action) error {
	submit := func(r engine.Request, err error) error {
		if err != nil {
			return err
		}
		return follow(ctx, b.sub, r, func(engine.Event) error { return nil })
	}
	switch {
	case a.Solution:
		for _, a := range s.Solution {
			if err := b.perform(ctx, j, s, a); err != nil {
				return err
			}
		}
		return nil
	case a.Lab != "":
		_, err := RunLab(ctx, b.sub, b.ws, j, s, a.Lab, nil)
		return err
	case a.Load != nil:
		return submit(a.Load.request(b.ws))
	case a.SQL != nil:
		return submit(a.SQL.request(b.ws))
	case a.Remove != "":
		return os.Remove(within(b.ws, a.Remove))
	}
	return b.edit(a)
}

// edit changes a file of the scratch workspace.
func (b *bench) edit(a Action) error {
	switch {
	case a.Write != nil:
		path := within(b.ws, a.Write.Path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, []byte(a.Write.Text), 0o644)
	case a.Append != nil:
		path := within(b.ws, a.Append.Path)
		have, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, append(have, a.Append.Text...), 0o644)
	case a.Replace != nil:
		path := within(b.ws, a.Replace.Path)
		have, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !strings.Contains(string(have), a.Replace.Old) {
			return fmt.Errorf("%s has no %q to replace", a.Replace.Path, a.Replace.Old)
		}
		return os.WriteFile(path, []byte(strings.ReplaceAll(string(have), a.Replace.Old, a.Replace.New)), 0o644)
	}
	return nil
}
