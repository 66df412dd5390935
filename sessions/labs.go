package sessions

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pipewright/engine"
)

// LabResult is what a lab gave: exactly one of the two.
type LabResult struct {
	Load  *engine.Loaded
	Query *QueryResult
}

// LabRequest gives the request that a lab is, after making the session's missing fixtures. A file that is
// there is used as it is: MakeFiles says which ones differ.
func LabRequest(ctx context.Context, ws engine.Workspace, s *Session, labID string) (engine.Request, error) {
	l, err := s.lab(labID)
	if err != nil {
		return nil, err
	}
	if _, err := MakeFiles(ctx, ws, s); err != nil {
		return nil, err
	}
	return l.request(ws)
}

func (l Lab) request(ws engine.Workspace) (engine.Request, error) {
	if l.Load != nil {
		return l.Load.request(ws)
	}
	return l.Query.request(ws)
}

// request makes paths full, so that the lab means the same files whatever the current folder is.
func (l *LoadLab) request(ws engine.Workspace) (engine.Request, error) {
	r := engine.LoadCSV{Path: within(ws, l.File), Table: l.Table, Schema: l.Schema, Mode: l.Mode, Backend: backendOr(l.Backend)}
	if l.Quarantine != "" {
		r.Quarantine = within(ws, l.Quarantine)
		if err := os.MkdirAll(filepath.Dir(r.Quarantine), 0o755); err != nil {
			return nil, workspaceError(ws, err)
		}
	}
	return r, nil
}

func (q *QueryLab) request(ws engine.Workspace) (engine.Request, error) {
	r := engine.RunQuery{SQL: inWorkspace(ws, q.SQL), Backend: backendOr(q.Backend), Limit: q.Limit}
	if q.Out != "" {
		r.Export = &engine.Export{Format: q.Format, Path: within(ws, q.Out)}
		if err := os.MkdirAll(filepath.Dir(r.Export.Path), 0o755); err != nil {
			return nil, workspaceError(ws, err)
		}
	}
	return r, nil
}

// inWorkspace puts the workspace's folder in place of {workspace}, as the inside of a SQL string.
func inWorkspace(ws engine.Workspace, sql string) string {
	return strings.ReplaceAll(sql, "{workspace}", strings.ReplaceAll(filepath.ToSlash(ws.Dir), "'", "''"))
}

func backendOr(b engine.Backend) engine.Backend {
	if b == "" {
		return engine.Postgres
	}
	return b
}

// Recorder takes a lab's events and records its result in the journal when the lab has ended well. The
// zero value of a lab that failed records nothing.
type Recorder struct {
	j       *Journal
	ws      engine.Workspace
	session string
	lab     string
	res     LabResult
}

// NewRecorder gives a recorder for one run of a lab.
func NewRecorder(j *Journal, ws engine.Workspace, s *Session, labID string) *Recorder {
	return &Recorder{j: j, ws: ws, session: s.ID, lab: labID}
}

// keptRows is how many rows of a query lab's result the journal keeps, keptText how much of each value.
const (
	keptRows = 20
	keptText = 200
)

// Event takes the next event. At the end of a lab that is done it writes the journal, once.
func (r *Recorder) Event(ev engine.Event) error {
	switch ev := ev.(type) {
	case engine.Loaded:
		if ev.Digest == "" {
			// the engine needed none; a criterion may
			if sum, err := fileDigest(ev.Source); err == nil {
				ev.Digest = sum
			}
		}
		ev.Source, ev.Quarantine = shorten(r.ws, ev.Source), shorten(r.ws, ev.Quarantine)
		if ev.At.IsZero() {
			ev.At = time.Now()
		}
		r.res = LabResult{Load: &ev}
	case engine.ResultStart:
		q := &QueryResult{}
		for _, c := range ev.Columns {
			q.Columns = append(q.Columns, c.Name)
		}
		r.res = LabResult{Query: q} // of several statements the last one counts
	case engine.ResultRows:
		r.rows(ev)
	case engine.ResultEnd:
		if q := r.res.Query; q != nil {
			q.RowCount, q.Exported, q.Seconds = ev.RowCount, shorten(r.ws, ev.Exported), ev.Elapsed.Seconds()
		}
	case engine.Ended:
		if ev.State == engine.JobDone {
			return r.write()
		}
	}
	return nil
}

func (r *Recorder) rows(ev engine.ResultRows) {
	if r.res.Query == nil {
		return
	}
	for _, row := range ev.Rows {
		if len(r.res.Query.Rows) == keptRows {
			return
		}
		texts := make([]string, len(row))
		for i, c := range row {
			texts[i] = inert(c.Text, keptText)
			if c.Null {
				texts[i] = "NULL"
			}
		}
		r.res.Query.Rows = append(r.res.Query.Rows, texts)
	}
}

func (r *Recorder) write() error {
	switch {
	case r.res.Load != nil:
		return r.j.Append(loadRan(r.session, r.lab, *r.res.Load))
	case r.res.Query != nil:
		return r.j.Append(Entry{Type: LabRanType, Session: r.session, Lab: &LabRan{Lab: r.lab, Query: r.res.Query}})
	}
	return nil
}

// Result is what the lab gave so far.
func (r *Recorder) Result() LabResult { return r.res }

// RecordLab records the result of a lab that loads, from its Loaded event. A front end that sees the
// whole job, or runs a query, uses a Recorder.
func RecordLab(j *Journal, ws engine.Workspace, s *Session, labID string, ev engine.Event) error {
	if _, ok := ev.(engine.Loaded); !ok {
		return nil
	}
	r := NewRecorder(j, ws, s, labID)
	return errors.Join(r.Event(ev), r.Event(engine.Ended{State: engine.JobDone}))
}

// shorten gives a path from the workspace's folder, when it is inside.
func shorten(ws engine.Workspace, path string) string {
	if rel, err := filepath.Rel(ws.Dir, path); err == nil && filepath.IsAbs(path) && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return path
}

// RunLab runs a lab to its end and records its result: what the shell does with a pane, for those who
// have none. Each event is shown to each, which may be nil, with a Note for each file that was made, or
// that is not as it was made.
func RunLab(ctx context.Context, sub engine.Submitter, ws engine.Workspace, j *Journal, s *Session, labID string, each func(engine.Event)) (LabResult, error) {
	if each == nil {
		each = func(engine.Event) {}
	}
	l, err := s.lab(labID)
	if err != nil {
		return LabResult{}, err
	}
	states, err := MakeFiles(ctx, ws, s)
	if err != nil {
		return LabResult{}, err
	}
	for _, st := range states {
		if text := st.String(); text != "" {
			each(engine.Note{Text: text})
		}
	}
	req, err := l.request(ws)
	if err != nil {
		return LabResult{}, err
	}
	rec := NewRecorder(j, ws, s, labID)
	err = follow(ctx, sub, req, func(ev engine.Event) error {
		err := rec.Event(ev)
		each(ev)
		return err
	})
	if err == nil && rec.res.Load == nil && rec.res.Query == nil {
		err = &engine.Error{Kind: engine.Failed, What: fmt.Sprintf("lab %s ended without a result", labID), Next: "run it again"}
	}
	return rec.res, err
}

// follow submits a request and gives its events to each until the end. An error of each cancels the
// job. It returns when the job has ended, with the job's error if it failed.
func follow(ctx context.Context, sub engine.Submitter, req engine.Request, each func(engine.Event) error) error {
	job, err := sub.Submit(ctx, req)
	if err != nil {
		return err
	}
	var failed error
	// The context cancels the job; its end is still read, so that nothing is left running behind it.
	stop := context.AfterFunc(ctx, job.Cancel)
	defer stop()
	wait := context.WithoutCancel(ctx)
	for {
		ev, ok := job.Next(wait)
		if !ok {
			break
		}
		if failed == nil {
			if failed = each(ev); failed != nil {
				job.Cancel()
			}
		}
		if end, ok := ev.(engine.Ended); ok {
			return errors.Join(failed, endError(ctx, end))
		}
	}
	return errors.Join(failed, &engine.Error{Kind: engine.Failed, What: "the job was lost before it ended", Next: "do it again"})
}

func endError(ctx context.Context, end engine.Ended) error {
	switch {
	case end.Err != nil:
		return end.Err
	case end.State == engine.JobCancelled:
		return &engine.Error{Kind: engine.Interrupted, What: "it was cancelled", Err: ctx.Err()}
	case end.State != engine.JobDone:
		return &engine.Error{Kind: engine.Failed, What: "it failed"}
	}
	return nil
}
