package sessions

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pipewright/engine"
)

// script is a Submitter whose jobs give events that a test wrote. It stands in for the engine to inject
// what a real one does seldom: failing, ending early, evidence that nobody asked for.
type script struct {
	events func(engine.Request) []engine.Event
	seen   []engine.Request
	block  bool // jobs wait for Cancel before their end
}

type scripted struct {
	events chan engine.Event
	cancel func()
	req    engine.Request
}

func (s *script) Submit(_ context.Context, r engine.Request) (engine.Job, error) {
	s.seen = append(s.seen, r)
	list := s.events(r)
	ch := make(chan engine.Event, len(list)+1)
	for _, e := range list {
		ch <- e
	}
	j := &scripted{events: ch, req: r, cancel: func() {}}
	if s.block {
		j.cancel = sync.OnceFunc(func() {
			ch <- engine.Ended{State: engine.JobCancelled, Err: &engine.Error{Kind: engine.Interrupted, What: "cancelled"}}
			close(ch)
		})
		return j, nil
	}
	close(ch)
	return j, nil
}

func (j *scripted) ID() engine.JobID             { return 1 }
func (j *scripted) Request() engine.Request      { return j.req }
func (j *scripted) Snapshot() engine.JobSnapshot { return engine.JobSnapshot{} }
func (j *scripted) Cancel()                      { j.cancel() }
func (j *scripted) Next(ctx context.Context) (engine.Event, bool) {
	select {
	case e, ok := <-j.events:
		return e, ok
	case <-ctx.Done():
		return nil, false
	}
}

func evidenceFor(r engine.Request, passed func(string) bool) []engine.Event {
	out := []engine.Event{engine.Started{}, engine.Note{Text: "n"}}
	for _, c := range r.(engine.Check).Criteria {
		out = append(out, engine.Evidence{Criterion: c.ID, Title: c.Title, Passed: passed(c.ID), Observed: "o", Expected: "e", On: "d", At: time.Now()})
	}
	return append(out, engine.Ended{State: engine.JobDone})
}

func TestEvaluate(t *testing.T) {
	_, s := session14(t)
	j, ws := journalIn(t)
	l := engine.Loaded{Table: "public.leads", Source: filepath.Join(ws.Dir, "data/leads_500.csv"), RowsRead: 500, At: time.Now()}
	if err := RecordLab(j, ws, s, "load", l); err != nil {
		t.Fatal(err)
	}
	sub := &script{events: func(r engine.Request) []engine.Event {
		return evidenceFor(r, func(id string) bool { return id != "clean" })
	}}
	var told []string
	rep, err := Evaluate(t.Context(), sub, ws, j, s, func(e engine.Evidence) {
		// evidence is on disk before anybody is told of it
		entries, _, err := j.Read()
		if last := entries[len(entries)-1]; err != nil || last.Check == nil || last.Check.Criterion != e.Criterion {
			t.Errorf("%s was told before it was recorded", e.Criterion)
		}
		told = append(told, e.Criterion)
	})
	if err != nil || rep.Passed || len(rep.Criteria) != len(s.Criteria) || len(told) != len(s.Criteria) {
		t.Fatalf("%+v %v", rep, err)
	}
	req := sub.seen[0].(engine.Check)
	if req.Loads["load"].RowsRead != 500 || req.Loads["load"].Source != "data/leads_500.csv" || req.Session != "1.4" {
		t.Errorf("%+v", req.Loads)
	}
	if b, err := os.ReadFile(ws.Progress()); err != nil || strings.Count(string(b), "measured") != len(s.Criteria)-1 {
		t.Errorf("%s %v", b, err)
	}
	sub.events = func(r engine.Request) []engine.Event { return evidenceFor(r, func(string) bool { return true }) }
	if rep, err := Evaluate(t.Context(), sub, ws, j, s, nil); err != nil || !rep.Passed {
		t.Fatalf("%+v %v", rep, err)
	}
}

func TestEvaluateThatDoesNotComeToItsEnd(t *testing.T) {
	_, s := session14(t)
	down := &engine.Error{Kind: engine.Unavailable, What: "postgres is down"}
	one := engine.Evidence{Criterion: "read", Passed: true, At: time.Now()}
	for name, events := range map[string][]engine.Event{
		"failed":         {one, engine.Ended{State: engine.JobFailed, Err: down}},
		"half":           {one, engine.Ended{State: engine.JobDone}},
		"lost":           {one},
		"cancelled":      {one, engine.Ended{State: engine.JobCancelled}},
		"strange answer": {engine.Evidence{Criterion: "forged", Passed: true}, engine.Ended{State: engine.JobDone}},
	} {
		j, ws := journalIn(t)
		rep, err := Evaluate(t.Context(), &script{events: func(engine.Request) []engine.Event { return events }}, ws, j, s, nil)
		if err == nil || rep.Passed {
			t.Errorf("%s: %+v", name, rep)
		}
		entries, _, _ := j.Read()
		if want := len(rep.Criteria); len(entries) != want {
			t.Errorf("%s: %d entries for %d pieces of evidence", name, len(entries), want)
		}
	}
	j, ws := journalIn(t)
	cat, _ := Load()
	listed, err := cat.Session("2.1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Evaluate(t.Context(), &script{}, ws, j, listed, nil); err == nil {
		t.Error("evaluated a session without content")
	}
}

func TestEvaluateIsCancelled(t *testing.T) {
	_, s := session14(t)
	j, ws := journalIn(t)
	ctx, cancel := context.WithCancel(t.Context())
	sub := &script{block: true, events: func(r engine.Request) []engine.Event { return evidenceFor(r, func(string) bool { return true })[:3] }}
	rep, err := Evaluate(ctx, sub, ws, j, s, func(engine.Evidence) { cancel() })
	var e *engine.Error
	if !errors.As(err, &e) || e.Kind != engine.Interrupted || rep.Passed {
		t.Fatalf("%+v %v", rep, err)
	}
}

func TestRunLabMakesFilesAndRecords(t *testing.T) {
	_, s := session14(t)
	j, ws := journalIn(t)
	sub := &script{events: func(r engine.Request) []engine.Event {
		l := r.(engine.LoadCSV)
		return []engine.Event{engine.Loaded{Backend: l.Backend, Table: "public.leads", Source: l.Path, Quarantine: l.Quarantine, RowsRead: 500, Accepted: 400, Rejected: 85, Duplicates: 15,
			Reasons: map[string]int64{"no @": 15, "no company name": 15, "a": 20}}, engine.Ended{State: engine.JobDone}}
	}}
	var notes []string
	each := func(ev engine.Event) {
		if n, ok := ev.(engine.Note); ok {
			notes = append(notes, n.Text)
		}
	}
	res, err := RunLab(t.Context(), sub, ws, j, s, "load", each)
	if err != nil || res.Load == nil || res.Load.Accepted != 400 || res.Load.Digest == "" || res.Load.Quarantine != "reports/leads_500.rejected.csv" {
		t.Fatalf("%+v %v", res, err)
	}
	if len(notes) != 1 || notes[0] != "made data/leads_500.csv" {
		t.Errorf("%q", notes)
	}
	if left, _ := os.ReadDir(ws.Data()); len(left) != 1 {
		t.Errorf("more than the file in data: %v", left)
	}
	path := filepath.Join(ws.Data(), "leads_500.csv")
	if err := os.WriteFile(path, []byte("mine\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	notes = nil
	if _, err := RunLab(t.Context(), sub, ws, j, s, "load", each); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(path); string(b) != "mine\n" || len(notes) != 1 || !strings.Contains(notes[0], "yours is used") {
		t.Errorf("%q %q", b, notes)
	}
	entries, _, _ := j.Read()
	f := FiguresOf(entries, "1.4")
	got := f.Fill(s, "{{ loads.load.accepted }} + {{loads.load.set_aside}} ({{ evidence.read }})\n    {{ loads.load.reasons }}")
	if want := "400 + 100 (" + NotYet + ")\n      20  a\n      15  no @\n      15  no company name"; got != want {
		t.Errorf("%q", got)
	}
	if _, err := RunLab(t.Context(), sub, ws, j, s, "lod", nil); err == nil || !strings.Contains(err.Error(), "its labs are load") {
		t.Errorf("%v", err)
	}
}

func TestLabThatFailsRecordsNothing(t *testing.T) {
	_, s := session14(t)
	j, ws := journalIn(t)
	for name, events := range map[string][]engine.Event{
		"failed":    {engine.Ended{State: engine.JobFailed, Err: &engine.Error{Kind: engine.Failed, What: "no"}}},
		"cancelled": {engine.Loaded{RowsRead: 1}, engine.Ended{State: engine.JobCancelled}},
		"nothing":   {engine.Ended{State: engine.JobDone}},
	} {
		if _, err := RunLab(t.Context(), &script{events: func(engine.Request) []engine.Event { return events }}, ws, j, s, "load", nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if entries, _, _ := j.Read(); len(entries) != 0 {
		t.Errorf("%+v", entries)
	}
}

func TestPredictAndReveal(t *testing.T) {
	_, s := session14(t)
	j, ws := journalIn(t)
	sub := &script{events: func(r engine.Request) []engine.Event {
		q := r.(engine.RunQuery)
		if strings.Contains(q.SQL, "{workspace}") {
			t.Errorf("the workspace is not filled in: %s", q.SQL)
		}
		return []engine.Event{engine.ResultStart{}, engine.ResultRows{Rows: [][]engine.Cell{{{Text: "39"}}}}, engine.ResultEnd{RowCount: 1}, engine.Ended{State: engine.JobDone}}
	}}
	text := func() string {
		entries, _, _ := j.Read()
		return FiguresOf(entries, "1.4").Fill(s, "{{ ask.let_in }}")
	}
	if !strings.HasSuffix(text(), "let in?  ____") {
		t.Error(text())
	}
	if err := Predict(j, s, "let_in", "49\x1b[2J"); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(text(), "you say 49\ufffd[2J") {
		t.Error(text())
	}
	if a, err := Reveal(t.Context(), sub, ws, j, s, "let_in"); err != nil || a != "39" {
		t.Fatal(a, err)
	}
	if !strings.HasSuffix(text(), "you said 49\ufffd[2J, it is 39") {
		t.Error(text())
	}
	if a, err := Reveal(t.Context(), sub, ws, j, s, "aside"); err != nil || a != "" {
		t.Error("an answer before the lab has run:", a, err)
	}
	if err := Predict(j, s, "nonsense", "1"); err == nil {
		t.Error("predicted nonsense")
	}
}

func TestHintsClimb(t *testing.T) {
	cat, s := session14(t)
	j, _ := journalIn(t)
	for _, rung := range []int{1, 2, 3, 3} {
		h, err := NextHint(cat, j, s, "")
		if err != nil || h.Rung != rung || h.Criterion != "read" || h.Of != 3 || h.Text == "" {
			t.Fatalf("%+v %v", h, err)
		}
	}
	if err := j.Append(checked("1.4", engine.Evidence{Criterion: "read", Passed: true, At: time.Now()})); err != nil {
		t.Fatal(err)
	}
	if h, err := NextHint(cat, j, s, ""); err != nil || h.Criterion != "accepted" || h.Rung != 1 {
		t.Fatalf("%+v %v", h, err)
	}
	if _, err := NextHint(cat, j, s, "nonsense"); err == nil {
		t.Error("a hint for nonsense")
	}
}

func TestOpen(t *testing.T) {
	cat, _ := session14(t)
	for id, says := range map[string]string{"2.1": "has no content in this version", "9.9": "there is no session"} {
		if _, err := cat.Open(id); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", id, err)
		}
	}
}
