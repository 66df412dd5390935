package checklist

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"pipewright/engine"
	"pipewright/tui/keys"
	"pipewright/tui/theme"
	"pipewright/tui/widget"
)

// Place is where the pane's keys have their meaning.
const Place keys.Place = "checklist"

// The pane's actions.
const (
	up       keys.ID = "checklist.up"
	down     keys.ID = "checklist.down"
	pageUp   keys.ID = "checklist.page-up"
	pageDown keys.ID = "checklist.page-down"
	top      keys.ID = "checklist.top"
	bottom   keys.ID = "checklist.bottom"
)

// Actions is the pane's key table.
func Actions() []keys.Action {
	const check = "pipewright check {session}"
	return []keys.Action{
		{ID: up, Place: Place, Keys: []string{"up", "k"}, Title: "up", Help: "Scroll up by a line.", Command: check, Quiet: true},
		{ID: down, Place: Place, Keys: []string{"down", "j"}, Title: "down", Help: "Scroll down by a line.", Command: check, Quiet: true},
		{ID: pageUp, Place: Place, Keys: []string{"pgup", "ctrl+b", "b"}, Title: "page up", Help: "Scroll up by a page.", Command: check, Quiet: true},
		{ID: pageDown, Place: Place, Keys: []string{"space", "pgdown", "ctrl+f"}, Title: "page down", Help: "Scroll down by a page.", Command: check, Quiet: true},
		{ID: top, Place: Place, Keys: []string{"home"}, Title: "top", Help: "Scroll to the first criterion.", Command: check, Quiet: true},
		{ID: bottom, Place: Place, Keys: []string{"end"}, Title: "bottom", Help: "Scroll to the last criterion.", Command: check, Quiet: true},
	}
}

// List is a session's criteria and what is known of each.
type List struct {
	Session  string
	Criteria []engine.Criterion
	Evidence map[string]engine.Evidence // by criterion id; missing: never checked
	Self     map[string]time.Time       // ticked by the learner's own word
}

// Pane shows a List.
type Pane struct {
	data     List
	checking bool
	waiting  map[string]bool // criteria that the running check has not answered yet
	job      engine.JobID
	trouble  *engine.Error // the last check could not be carried out
	scroll   widget.Scroll
	version  int
	cache    widget.Cache
	recalled int
	now      func() time.Time
}

// New makes the pane.
func New() *Pane { return &Pane{now: time.Now} }

// Take takes a List, and the reports of the job that checks it.
func (p *Pane) Take(fact any) {
	switch f := fact.(type) {
	case List:
		if f.Session != p.data.Session {
			p.scroll = widget.Scroll{Top: p.recalled}
			p.recalled = 0
			p.trouble, p.checking, p.job = nil, false, 0
		}
		p.data = f
	case engine.Report:
		p.report(f)
	default:
		return
	}
	p.version++
}

func (p *Pane) report(r engine.Report) {
	check, ok := r.Request.(engine.Check)
	if !ok || check.Session != p.data.Session {
		return
	}
	switch e := r.Event.(type) {
	case engine.Started:
		p.checking, p.job, p.trouble = true, r.Job, nil
		p.waiting = map[string]bool{}
		for _, c := range check.Criteria {
			p.waiting[c.ID] = true
		}
	case engine.Evidence:
		delete(p.waiting, e.Criterion)
		if p.data.Evidence == nil {
			p.data.Evidence = map[string]engine.Evidence{}
		}
		p.data.Evidence[e.Criterion] = e
	case engine.Ended:
		if r.Job == p.job {
			p.checking, p.waiting, p.trouble = false, nil, e.Err
		}
	}
}

// passed counts the criteria whose evidence says that they hold.
func (p *Pane) passed() int {
	n := 0
	for _, c := range p.data.Criteria {
		if e, ok := p.data.Evidence[c.ID]; ok && e.Passed && e.Err == nil {
			n++
		}
	}
	return n
}

// Place says where keys have their meaning now.
func (p *Pane) Place() keys.Place { return Place }

// Title is what the pane's tab says.
func (p *Pane) Title() string {
	if n := len(p.data.Criteria); n > 0 {
		return fmt.Sprintf("Checklist %d/%d", p.passed(), n)
	}
	return "Checklist"
}

// Can says whether an action would do something now.
func (p *Pane) Can(keys.ID) bool { return len(p.data.Criteria) > 0 }

// Do carries out an action.
func (p *Pane) Do(id keys.ID) keys.Intent {
	p.version++
	page := max(p.scroll.H-1, 1)
	switch id {
	case up:
		p.scroll.By(-1)
	case down:
		p.scroll.By(1)
	case pageUp:
		p.scroll.By(-page)
	case pageDown:
		p.scroll.By(page)
	case top:
		p.scroll.Top = 0
	case bottom:
		p.scroll.Top = p.scroll.N
	}
	return nil
}

// Type takes a key that no action has; the checklist takes no text.
func (p *Pane) Type(string, string) {}

// Wheel scrolls by a number of lines.
func (p *Pane) Wheel(n int) {
	p.scroll.By(n)
	p.version++
}

// Click does nothing: there is nothing here to choose.
func (p *Pane) Click(int, int) keys.Intent { return nil }

// Copy gives the checklist as Markdown.
func (p *Pane) Copy() (what, text string) {
	var b strings.Builder
	for _, c := range p.data.Criteria {
		e, known := p.data.Evidence[c.ID]
		box := " "
		if known && e.Passed && e.Err == nil {
			box = "x"
		}
		fmt.Fprintf(&b, "- [%s] %s", box, c.Title)
		if known && e.Err == nil {
			fmt.Fprintf(&b, ": expected %s, saw %s (%s, %s)", e.Expected, e.Observed, e.On, e.At.Format(time.RFC3339))
		}
		b.WriteByte('\n')
	}
	return "the checklist as Markdown", b.String()
}

type memory struct {
	Top int `json:"top"`
}

// Keep gives what is needed to come back to the same place.
func (p *Pane) Keep() json.RawMessage {
	out, err := json.Marshal(memory{p.scroll.Top})
	if err != nil {
		return nil
	}
	return out
}

// Recall comes back to a kept place once the session is there.
func (p *Pane) Recall(raw json.RawMessage) {
	var m memory
	if json.Unmarshal(raw, &m) == nil {
		p.recalled = m.Top
	}
}

// Draw draws the pane in w by h cells.
func (p *Pane) Draw(t *theme.Theme, w, h int, focused bool) []string {
	return p.cache.Lines(t, w, h, p.version, focused, func() []string { return p.draw(t, w, h, focused) })
}

func (p *Pane) draw(t *theme.Theme, w, h int, focused bool) []string {
	if len(p.data.Criteria) == 0 {
		return []string{
			widget.Heading(t, focused, "CHECKLIST", "", "", w), "",
			"  " + t.Muted.On("The criteria of the open session stand here."),
		}
	}
	body := make([]string, 0, 4*len(p.data.Criteria))
	if p.trouble != nil {
		body = append(body, p.wrapped(t.Bad, " ! ", p.trouble.What, w)...)
		body = append(body, p.wrapped(t.Text, "   → ", p.trouble.Next, w)...)
		body = append(body, "")
	}
	for i, c := range p.data.Criteria {
		body = append(body, p.criterion(t, c, w)...)
		body = append(body, p.wrapped(t.Muted, "   ", based(p.ground(i)), w)...)
	}
	p.scroll.Fit(len(body), h-2)
	count := fmt.Sprintf("%d of %d proven", p.passed(), len(p.data.Criteria))
	if p.checking {
		count = "checking … " + count
	}
	if m := p.scroll.More(); m != "" {
		count = m + "   " + count
	}
	return append([]string{widget.Heading(t, focused, "CHECKLIST", "", t.Muted.On(count), w), ""}, p.scroll.Slice(body)...)
}

// criterion draws one criterion: its sign and title, what is known of it at the right, and below it
// what was seen, the cause and the next step.
func (p *Pane) criterion(t *theme.Theme, c engine.Criterion, w int) []string {
	e, known := p.data.Evidence[c.ID]
	title := widget.Inert(c.Title)
	switch {
	case p.waiting[c.ID]:
		return p.titled(t, t.Warn, "…", title, "checking", w)
	case !known:
		if at, ok := p.data.Self[c.ID]; ok {
			return p.titled(t, t.Warn, "✓", title, "by your own word "+p.when(at), w)
		}
		return p.titled(t, t.Muted, "○", title, "not checked", w)
	case e.Err != nil:
		out := p.titled(t, t.Warn, "!", title, "could not be checked", w)
		out = append(out, p.wrapped(t.Muted, "   ", e.Err.What, w)...)
		return append(out, p.wrapped(t.Text, "   → ", e.Err.Next, w)...)
	case e.Passed:
		if short := widget.Inert(e.Observed); (e.Expected == e.Observed || e.Expected == "") && widget.Width(short) <= maxShort && short != "" {
			return p.titled(t, t.Good, "✓", title, "= "+short+"   "+p.when(e.At), w)
		}
		out := p.titled(t, t.Good, "✓", title, "measured "+p.when(e.At), w)
		return append(out, p.wrapped(t.Muted, "   ", saw(e), w)...)
	}
	out := p.titled(t, t.Bad, "✗", title, "measured "+p.when(e.At), w)
	out = append(out, p.wrapped(t.Text, "   ", fmt.Sprintf("expected %s, saw %s", e.Expected, e.Observed), w)...)
	out = append(out, p.wrapped(t.Muted, "   ", e.Cause, w)...)
	out = append(out, p.wrapped(t.Accent, "   → ", e.Next, w)...)
	return append(out, p.wrapped(t.Muted, "   ", based(e.On), w)...)
}

func based(on string) string {
	if on == "" {
		return ""
	}
	return "on " + on
}

// saw is what a criterion that holds was proven with.
func saw(e engine.Evidence) string {
	if e.Observed == e.Expected || e.Expected == "" {
		return "saw " + e.Observed
	}
	return fmt.Sprintf("saw %s, expected %s", e.Observed, e.Expected)
}

// maxShort is the widest observation that stands beside its criterion.
const maxShort = 14

// ground is on what data criterion i holds; of several in a row that share it the last one says so.
func (p *Pane) ground(i int) string {
	on, ok := p.held(i)
	if next, too := p.held(i + 1); !ok || too && next == on {
		return ""
	}
	return on
}

// held says whether criterion i is shown as one that holds, and on what data.
func (p *Pane) held(i int) (string, bool) {
	if i >= len(p.data.Criteria) {
		return "", false
	}
	id := p.data.Criteria[i].ID
	e, known := p.data.Evidence[id]
	return e.On, known && e.Passed && e.Err == nil && !p.waiting[id]
}

// when is the time of day of today's moments, and the day of older ones.
func (p *Pane) when(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	if at.Format(time.DateOnly) == p.now().Format(time.DateOnly) {
		return at.Format("15:04")
	}
	return at.Format("2 Jan")
}

// titled draws a criterion's first line. A title that is too long goes on in the next.
func (p *Pane) titled(t *theme.Theme, ink theme.Ink, sign, title, note string, w int) []string {
	room := w - widget.Width(note) - 6
	if room < 16 {
		room, note = w-4, ""
	}
	parts := widget.Wrap(title, room)
	out := []string{widget.Spread(" "+ink.On(sign)+" "+parts[0], t.Muted.On(note)+" ", w)}
	for _, l := range parts[1:] {
		out = append(out, "   "+l)
	}
	return out
}

// wrapped draws a text of the data behind a prefix, over as many lines as it takes; nothing for none.
func (p *Pane) wrapped(ink theme.Ink, prefix, text string, w int) []string {
	if text == "" {
		return nil
	}
	n := widget.Width(prefix)
	var out []string
	for i, l := range widget.Wrap(widget.Inert(text), w-n-1) {
		if i == 0 {
			out = append(out, ink.On(prefix)+ink.On(l))
		} else {
			out = append(out, widget.Blank(n)+ink.On(l))
		}
	}
	return out
}
