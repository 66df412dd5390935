package doctor

import (
	"encoding/json"
	"slices"
	"time"

	"pipewright/engine"
	"pipewright/tui/keys"
	"pipewright/tui/theme"
	"pipewright/tui/widget"
)

// The places of this pane: the report, and the question before something is stopped, which is modal.
const (
	Place  keys.Place = "doctor"
	Asking keys.Place = "doctor question"
)

// The pane's actions.
const (
	again    keys.ID = "doctor.again"
	start    keys.ID = "doctor.start"
	stop     keys.ID = "doctor.stop"
	up       keys.ID = "doctor.up"
	down     keys.ID = "doctor.down"
	pageUp   keys.ID = "doctor.page-up"
	pageDown keys.ID = "doctor.page-down"
	top      keys.ID = "doctor.top"
	bottom   keys.ID = "doctor.bottom"
	askYes   keys.ID = "doctor-question.stop"
	askNo    keys.ID = "doctor-question.leave"
)

// Modal lists the pane's places in which keys that work everywhere do not.
func Modal() []keys.Place { return []keys.Place{Asking} }

// Actions is the pane's key table.
func Actions() []keys.Action {
	const doctor = "pipewright doctor"
	move := func(id keys.ID, title, help string, ks ...string) keys.Action {
		return keys.Action{ID: id, Place: Place, Keys: ks, Title: title, Help: help, Command: doctor, Quiet: true}
	}
	return []keys.Action{
		{ID: again, Place: Place, Keys: []string{"R"}, Title: "look again", Help: "Look at every backend again; nothing is started by it.", Command: doctor, Foot: 1},
		{ID: start, Place: Place, Keys: []string{"s"}, Title: "start PostgreSQL", Help: "Start the workspace's PostgreSQL.", Command: "pipewright db start", Foot: 2},
		{ID: stop, Place: Place, Keys: []string{"S"}, Title: "stop PostgreSQL", Help: "Stop the workspace's PostgreSQL, for every program that uses it; asks first.", Command: "pipewright db stop", Foot: 2},
		move(up, "up", "Scroll up by a line.", "up", "k"),
		move(down, "down", "Scroll down by a line.", "down", "j"),
		move(pageUp, "page up", "Scroll up by a page.", "pgup", "ctrl+b", "b"),
		move(pageDown, "page down", "Scroll down by a page.", "space", "pgdown", "ctrl+f"),
		move(top, "top", "Scroll to the first line.", "home"),
		move(bottom, "bottom", "Scroll to the last line.", "end"),
		{ID: askYes, Place: Asking, Keys: []string{"enter"}, Title: "stop it", Help: "Stop PostgreSQL now.", Command: "pipewright db stop", Foot: 1},
		{ID: askNo, Place: Asking, Keys: []string{"esc", "n", "q", "ctrl+c"}, Title: "leave it running", Help: "Change nothing.", Command: "pipewright db status", Foot: 2},
	}
}

// Report is what a look at the backends has found.
type Report struct {
	engine.Diagnosis
	Workspace string
	At        time.Time
	Err       *engine.Error // the look could not be carried out
}

// Looking says that a look has begun.
type Looking struct{}

// Live are the backends' states as they are now, between two looks.
type Live []engine.BackendStatus

// Work names the jobs that run.
type Work []string

// Pane shows a Report.
type Pane struct {
	place   keys.Place
	report  Report
	told    bool
	looking bool
	live    map[engine.Backend]engine.BackendStatus
	work    Work
	scroll  widget.Scroll
	pulse   int
	version int
	cache   widget.Cache
}

// New makes the pane.
func New() *Pane {
	return &Pane{place: Place, live: map[engine.Backend]engine.BackendStatus{}}
}

// Take takes Reports, Looking, Live and Work.
func (p *Pane) Take(fact any) {
	switch f := fact.(type) {
	case Report:
		p.looking = false
		if f.Err != nil && p.told {
			p.report.Err = f.Err // what was found before is still worth reading
		} else {
			p.report, p.told = f, true
		}
	case Looking:
		p.looking = true
	case Live:
		for _, b := range f {
			p.live[b.Name] = b
		}
		p.pulse++
	case Work:
		if slices.Equal(f, p.work) {
			return
		}
		p.work = f
	default:
		return
	}
	p.version++
}

// backends are what the last look has found, with the state that each has had since.
func (p *Pane) backends() []engine.BackendStatus {
	out := slices.Clone(p.report.Backends)
	for i, b := range out {
		l, ok := p.live[b.Name]
		if !ok {
			continue
		}
		if l.State == engine.StateStarting || l.State == engine.StateFailed {
			out[i].State, out[i].Sentence, out[i].Fix, out[i].Progress = l.State, l.Sentence, l.Fix, l.Progress
		}
	}
	return out
}

// postgres is what is known of PostgreSQL's state.
func (p *Pane) postgres() engine.BackendState {
	for _, b := range p.backends() {
		if b.Name == engine.Postgres {
			return b.State
		}
	}
	return p.live[engine.Postgres].State
}

// Place says where keys have their meaning now.
func (p *Pane) Place() keys.Place { return p.place }

// Title is what the pane's tab says.
func (p *Pane) Title() string {
	for _, b := range p.backends() {
		if b.State == engine.StateFailed {
			return "Doctor ✗"
		}
	}
	return "Doctor"
}

// Can says whether an action would do something now.
func (p *Pane) Can(id keys.ID) bool {
	switch id {
	case again:
		return !p.looking
	case start:
		s := p.postgres()
		return s != engine.StateUp && s != engine.StateStarting
	case stop:
		return p.postgres() == engine.StateUp
	}
	return true
}

// Do carries out an action.
func (p *Pane) Do(id keys.ID) keys.Intent {
	p.version++
	page := max(p.scroll.H-1, 1)
	switch id {
	case again:
		return keys.Refresh{Place: Place}
	case start:
		return keys.StartBackend{Backend: string(engine.Postgres)}
	case stop:
		p.place = Asking
	case askYes:
		p.place = Place
		return keys.StopBackend{Backend: string(engine.Postgres)}
	case askNo:
		p.place = Place
	case up:
		p.scroll.By(-1)
	case down:
		p.scroll.By(1)
	case pageUp:
		p.scroll.By(-page)
	case pageDown:
		p.scroll.By(page)
	case top:
		p.scroll.By(-p.scroll.N)
	case bottom:
		p.scroll.By(p.scroll.N)
	}
	return nil
}

// Type takes a key that no action has; the pane takes no text.
func (p *Pane) Type(string, string) {}

// Wheel scrolls by a number of lines.
func (p *Pane) Wheel(n int) {
	if p.scroll.By(n) {
		p.version++
	}
}

// Click does nothing beyond what a focus does.
func (p *Pane) Click(int, int) keys.Intent { return nil }

// Copy gives the report as text.
func (p *Pane) Copy() (what, text string) {
	if !p.told {
		return "", ""
	}
	return "the report", Text(p.backends(), p.report.Workspace)
}

// Keep gives nothing: a report is true when it is made.
func (p *Pane) Keep() json.RawMessage { return nil }

// Recall has nothing to come back to.
func (p *Pane) Recall(json.RawMessage) {}

// Draw draws the pane in w by h cells.
func (p *Pane) Draw(t *theme.Theme, w, h int, focused bool) []string {
	return p.cache.Lines(t, w, h, p.version, focused, func() []string { return p.draw(t, w, h, focused) })
}
