package tui

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"pipewright/engine"
)

// monkey presses, types, pastes, resizes, clicks and reports at random.
type monkey struct {
	*rand.Rand
	m    *model
	w, h int
	keys []string
}

func newMonkey(t testing.TB, seed uint64) *monkey {
	k := &monkey{Rand: rand.New(rand.NewPCG(seed, 1)), m: opened(t, 120, 36), w: 120, h: 36}
	for _, a := range k.m.table.All() { // every key that means something somewhere, and some that mean nothing
		k.keys = append(k.keys, a.Keys...)
	}
	k.keys = append(k.keys, "e", "g", "x", "w", "é", "株", "0", "\u0301", "backspace", "ctrl+w", "ctrl+a")
	return k
}

// numbered is a job that never ends by itself.
type numbered struct {
	running
	id engine.JobID
	r  engine.Request
}

func (n numbered) ID() engine.JobID        { return n.id }
func (n numbered) Request() engine.Request { return n.r }

var hostile = []string{"", "a\x1b[2J\nb\xff", "\x1b]52;c;aGk=\a", "株式会社\u202e\u200d", "e\u0301\u0301", "🙂👩\u200d🚀", "\x00\x07\x7f\u009b31m", "a very long text that goes on and on for more than a line of anything"}

func (k *monkey) text() string { return hostile[k.IntN(len(hostile))] }

func (k *monkey) failure() *engine.Error {
	return &engine.Error{Kind: engine.Failed, What: k.text(), Where: k.text(), Next: k.text()}
}

// event is any event with anything in it.
func (k *monkey) event(id engine.JobID) engine.Event {
	n := int64(k.IntN(1 << k.IntN(40)))
	switch k.IntN(9) {
	case 0:
		return engine.Started{Job: id, Title: k.text(), At: noon}
	case 1:
		return engine.Progress{Stage: k.text(), Done: n, Total: int64(k.IntN(3)) * n / 2, Unit: "bytes", Rows: n, Accepted: n / 2, Rejected: n - n/2, Rate: float64(n), Left: time.Duration(n)}
	case 2:
		return engine.Note{Text: k.text()}
	case 3:
		return engine.Loaded{Table: k.text(), Source: k.text(), RowsRead: n, Accepted: n / 2, Rejected: n - n/2, Quarantine: k.text(), Dialect: k.text(),
			Reasons: map[string]int64{k.text(): n, "b": 1}, Sample: make([]engine.Reject, k.IntN(30))}
	case 4:
		c := k.m.opened.List.Criteria
		if len(c) == 0 {
			return engine.Note{}
		}
		return engine.Evidence{Criterion: c[k.IntN(len(c))].ID, Passed: k.IntN(2) == 0, Observed: k.text(), Expected: k.text(), Cause: k.text(), Next: k.text(), On: k.text(), At: noon}
	case 5:
		return engine.ResultStart{SQL: k.text(), Columns: []engine.Column{{Name: k.text()}, {Name: "n", Kind: engine.NumberValue}}[:k.IntN(3)]}
	case 6:
		return engine.ResultRows{Rows: [][]engine.Cell{{{Text: k.text()}, {Null: true}}, {{Text: "1"}}}}
	case 7:
		return engine.ResultEnd{RowCount: n, Truncated: k.IntN(2) == 0, Exported: k.text()}
	}
	state := []engine.JobState{engine.JobDone, engine.JobFailed, engine.JobCancelled}[k.IntN(3)]
	e := engine.Ended{Job: id, State: state, Elapsed: time.Duration(n), At: noon}
	if state == engine.JobFailed {
		e.Err = k.failure()
	}
	return e
}

// job submits, reports or ends a job, of this session or of one that was left.
func (k *monkey) job() {
	e := errand{session: k.m.opened.ID, lab: []string{"", "load", "as_is"}[k.IntN(3)], gen: k.m.gen - k.IntN(2)}
	id := engine.JobID(1 + k.IntN(12))
	reqs := []engine.Request{load14, engine.RunQuery{SQL: k.text(), Backend: engine.DuckDB}, engine.Check{Session: e.session, Criteria: k.m.opened.List.Criteria}}
	j := numbered{id: id, r: reqs[k.IntN(len(reqs))]}
	switch k.IntN(4) {
	case 0:
		k.m.Update(submittedMsg{e, j})
	case 1:
		k.m.Update(eventMsg{errand: e, job: j, ok: k.IntN(20) > 0, event: k.event(id)})
	case 2:
		k.m.take(engine.Report{Job: id, Request: j.r, Event: k.event(id)})
	case 3:
		if n := len(k.m.jobs.errands); n > 0 {
			d := doneMsg{errand: k.m.jobs.errands[k.IntN(n)]}
			if k.IntN(3) == 0 {
				d.err = errors.Join(k.failure())
			}
			k.m.Update(d)
		}
	}
}

func (k *monkey) backends() {
	states := []engine.BackendState{engine.StateUnknown, engine.StateStarting, engine.StateUp, engine.StateDown, engine.StateFailed, engine.StateMissing}
	b := engine.BackendStatus{Name: engine.Postgres, State: states[k.IntN(len(states))], Version: k.text(), Sentence: k.text(), Fix: k.text()}
	if k.IntN(2) == 0 {
		b.Progress = &engine.Progress{Stage: k.text(), Done: int64(k.IntN(9)), Total: int64(k.IntN(5))}
	}
	k.m.Update(statusMsg{backends: []engine.BackendStatus{b, {Name: engine.DuckDB}}})
}

func (k *monkey) step() {
	switch n := k.IntN(100); {
	case n < 70:
		press(k.m, k.keys[k.IntN(len(k.keys))])
	case n < 74:
		k.w, k.h = 1+k.IntN(240), 1+k.IntN(75)
		k.m.Update(tea.WindowSizeMsg{Width: k.w, Height: k.h})
	case n < 78:
		k.m.Update(tea.MouseClickMsg{X: k.IntN(k.w), Y: k.IntN(k.h), Button: tea.MouseLeft})
	case n < 81:
		k.m.Update(tea.MouseWheelMsg{X: k.IntN(k.w), Y: k.IntN(k.h), Button: []tea.MouseButton{tea.MouseWheelUp, tea.MouseWheelDown}[k.IntN(2)]})
	case n < 84:
		k.m.Update(tea.PasteMsg{Content: k.text()})
	case n < 94:
		k.job()
	case n < 96:
		k.backends()
	case n < 97:
		k.m.background(k.IntN(2) == 0)
	default:
		k.m.Update(k.m.open([]string{"1.1", "1.3", "1.4", "9.9"}[k.IntN(4)], false)())
	}
}

// Whatever happens, nothing breaks, and each frame is exactly as large as the terminal.
func TestMonkey(t *testing.T) {
	for _, seed := range []uint64{20260302, 7} {
		k := newMonkey(t, seed)
		for i := range 10_000 {
			k.step()
			if k.m.crash != nil {
				t.Fatalf("seed %d, step %d: %v\n%s", seed, i, k.m.crash.what, k.m.crash.stack)
			}
			whole(t, k.m, k.w, k.h)
			if t.Failed() {
				t.Fatalf("seed %d, step %d", seed, i)
			}
		}
	}
}
