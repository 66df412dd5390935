package jobs

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"pipewright/engine"
	"pipewright/tui/keys"
	"pipewright/tui/theme"
	"pipewright/tui/widget"
)

// Place is where the pane's keys have their meaning.
const Place keys.Place = "jobs"

// The pane's actions.
const (
	open     keys.ID = "jobs.log"
	closeLog keys.ID = "jobs.close-log"
	copyLog  keys.ID = "jobs.copy-log"
	lookups  keys.ID = "jobs.lookups"
	up       keys.ID = "jobs.up"
	down     keys.ID = "jobs.down"
	pageUp   keys.ID = "jobs.page-up"
	pageDown keys.ID = "jobs.page-down"
	top      keys.ID = "jobs.top"
	bottom   keys.ID = "jobs.bottom"
)

// Actions is the pane's key table. Cancelling is the shell's own action, which takes the job that Target
// gives.
func Actions() []keys.Action {
	const run = "pipewright run {session} {lab}"
	move := func(id keys.ID, title, help string, ks ...string) keys.Action {
		return keys.Action{ID: id, Place: Place, Keys: ks, Title: title, Help: help, Command: run, Quiet: true}
	}
	return []keys.Action{
		{ID: open, Place: Place, Keys: []string{"enter", "l"}, Title: "log", Help: "Show what the job under the cursor has said, its error in full, and its command.", Command: run, Foot: 1},
		{ID: closeLog, Place: Place, Keys: []string{"backspace", "left"}, Title: "list", Help: "Go back from a job's log to the list.", Command: run, Foot: 2},
		{ID: copyLog, Place: Place, Keys: []string{"Y"}, Title: "copy its log", Help: "Copy the job's log and its error as text; y copies its command.", Command: run, Foot: 6},
		{ID: lookups, Place: Place, Keys: []string{"b"}, Title: "lookups", Help: "Show or hide what the workbench looked up by itself, for its panes.", Command: "pipewright doctor", Foot: 7},
		move(up, "up", "Move to the job above, or scroll the log up.", "up", "k"),
		move(down, "down", "Move to the job below, or scroll the log down.", "down", "j"),
		move(pageUp, "page up", "Move up by a page.", "pgup", "ctrl+b"),
		move(pageDown, "page down", "Move down by a page.", "space", "pgdown", "ctrl+f"),
		move(top, "top", "Move to the first line.", "home"),
		move(bottom, "bottom", "Move to the last line.", "end"),
	}
}

// Line is one line of a job's log.
type Line struct {
	At   time.Time
	Text string
}

// Job is one job as the pane shows it.
type Job struct {
	engine.JobSnapshot
	Name    string // as people call it; empty: its title
	Command string // the command line that does the same; empty when there is none
	Log     []Line // what it has said, the latest last
	Left    int    // lines of the log that are no longer kept
	Lookup  bool   // the workbench asked for it by itself
}

func (j *Job) name() string {
	if j.Name != "" {
		return j.Name
	}
	return j.Title
}

// elapsed is how long the job took, or has run until now.
func (j *Job) elapsed(now time.Time) time.Duration {
	switch {
	case !j.Ended.IsZero():
		return j.Ended.Sub(j.Started)
	case j.Started.IsZero():
		return 0
	}
	return max(now.Sub(j.Started), j.Progress.Elapsed)
}

// List is all jobs, the oldest first, and the time at which the list was taken.
type List struct {
	Jobs []Job
	Now  time.Time
}

// Tick is the time, told now and then while a job runs.
type Tick time.Time

// Pane shows a List, and one job's log.
type Pane struct {
	told    bool // a list was handed in
	all     []Job
	shown   []int // of all, in the order of the screen
	now     time.Time
	hidden  int // lookups that are not shown
	lookups bool
	at      engine.JobID // under the cursor
	log     bool
	logView widget.Scroll
	follow  bool // the log's end is in sight and stays so
	table   widget.Table
	listTop int // screen line of the first job, for clicks
	pulse   int
	version int
	cache   widget.Cache
}

// New makes the pane.
func New() *Pane { return &Pane{} }

// Take takes Lists and Ticks.
func (p *Pane) Take(fact any) {
	switch f := fact.(type) {
	case List:
		p.told, p.all, p.now = true, f.Jobs, f.Now
		p.pulse++
		p.arrange()
	case Tick:
		p.now = time.Time(f)
		p.pulse++
		if p.running() == 0 {
			return
		}
	default:
		return
	}
	p.version++
}

// arrange orders the jobs: what runs on top, then what has ended, the latest first. The cursor stays on its
// job; when that is gone, on the first.
func (p *Pane) arrange() {
	p.shown, p.hidden = p.shown[:0], 0
	for _, ended := range []bool{false, true} {
		for i := len(p.all) - 1; i >= 0; i-- {
			if p.all[i].State.Ended() != ended {
				continue
			}
			if p.all[i].Lookup && !p.lookups {
				p.hidden++
				continue
			}
			p.shown = append(p.shown, i)
		}
	}
	i := slices.IndexFunc(p.shown, func(n int) bool { return p.all[n].ID == p.at })
	if i < 0 {
		i, p.log = 0, false
	}
	p.cursor(i)
}

func (p *Pane) cursor(i int) {
	p.table.Cursor = max(min(i, len(p.shown)-1), 0)
	p.at = 0
	if j := p.job(); j != nil {
		p.at = j.ID
	}
}

// job is the one under the cursor, or nil.
func (p *Pane) job() *Job {
	if i := p.table.Cursor; i >= 0 && i < len(p.shown) {
		return &p.all[p.shown[i]]
	}
	return nil
}

func (p *Pane) running() int {
	n := 0
	for i := range p.all {
		if !p.all[i].State.Ended() && !p.all[i].Lookup {
			n++
		}
	}
	return n
}

// Target is the job that cancelling cancels: the one under the cursor, when it runs.
func (p *Pane) Target() (engine.JobID, bool) {
	if j := p.job(); j != nil && j.State == engine.JobRunning {
		return j.ID, true
	}
	return 0, false
}

// Place says where keys have their meaning now.
func (p *Pane) Place() keys.Place { return Place }

// Title is what the pane's tab says.
func (p *Pane) Title() string {
	if n := p.running(); n > 0 {
		return fmt.Sprintf("Jobs %d", n)
	}
	return "Jobs"
}

// Can says whether an action would do something now.
func (p *Pane) Can(id keys.ID) bool {
	switch id {
	case lookups:
		return !p.log && (p.hidden > 0 || p.lookups)
	case closeLog:
		return p.log
	case open:
		return !p.log && p.job() != nil
	}
	return p.job() != nil
}

// Back leaves the log, and says whether there was one to leave.
func (p *Pane) Back() bool {
	was := p.log
	p.log = false
	p.version++
	return was
}

// Do carries out an action.
func (p *Pane) Do(id keys.ID) keys.Intent {
	p.version++
	page := max(p.table.Scroll.H-1, 1)
	if p.log {
		page = max(p.logView.H-1, 1)
	}
	switch id {
	case open:
		p.log, p.follow = true, true
	case closeLog:
		p.log = false
	case copyLog:
		if j := p.job(); j != nil {
			return keys.Copy{What: fmt.Sprintf("the log of job %d", j.ID), Text: Text(*j, p.now)}
		}
	case lookups:
		p.lookups = !p.lookups
		p.arrange()
	case up:
		p.move(-1)
	case down:
		p.move(1)
	case pageUp:
		p.move(-page)
	case pageDown:
		p.move(page)
	case top:
		p.move(-1 << 20)
	case bottom:
		p.move(1 << 20)
	}
	return nil
}

func (p *Pane) move(n int) {
	p.version++
	if p.log {
		p.logView.By(n)
		p.follow = p.logView.Top >= p.logView.N-p.logView.H
		return
	}
	p.cursor(p.table.Cursor + n)
}

// Type takes a key that no action has; the pane takes no text.
func (p *Pane) Type(string, string) {}

// Wheel moves the cursor, or scrolls the log.
func (p *Pane) Wheel(n int) { p.move(n) }

// Click puts the cursor on the job that was clicked; a click on the job under the cursor shows its log.
func (p *Pane) Click(_, y int) keys.Intent {
	i := p.table.Scroll.Top + y - p.listTop
	if p.log || y < p.listTop || y >= p.listTop+p.table.Scroll.H || i >= len(p.shown) {
		return nil
	}
	p.version++
	if i == p.table.Cursor {
		return p.Do(open)
	}
	p.cursor(i)
	return nil
}

// Copy gives the command of the job under the cursor.
func (p *Pane) Copy() (what, text string) {
	j := p.job()
	if j == nil || j.Command == "" {
		return "", ""
	}
	return fmt.Sprintf("the command of job %d", j.ID), j.Command
}

// Keep gives nothing: jobs end with the run that they belong to.
func (p *Pane) Keep() json.RawMessage { return nil }

// Recall has nothing to come back to.
func (p *Pane) Recall(json.RawMessage) {}

// Draw draws the pane in w by h cells.
func (p *Pane) Draw(t *theme.Theme, w, h int, focused bool) []string {
	return p.cache.Lines(t, w, h, p.version, focused, func() []string { return p.draw(t, w, h, focused) })
}

// Text is a job in plain lines: how it stands, its error, its command and its log.
func Text(j Job, now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "job %d  %s\n%s  started %s  %s\n", j.ID, widget.Inert(j.name()), j.State, j.Started.Format("2006-01-02 15:04:05"), widget.Span(j.elapsed(now)))
	if j.Progress.Rows > 0 {
		fmt.Fprintf(&b, "%s rows\n", widget.Count(j.Progress.Rows))
	}
	if e := j.Err; e != nil {
		fmt.Fprintf(&b, "error: %s\n", widget.Inert(e.What))
		if e.Where != "" {
			fmt.Fprintf(&b, "where: %s\n", widget.Inert(e.Where))
		}
		if e.Next != "" {
			fmt.Fprintf(&b, "next: %s\n", widget.Inert(e.Next))
		}
	}
	if j.Command != "" {
		fmt.Fprintf(&b, "as a command: %s\n", j.Command)
	}
	if j.Left > 0 {
		fmt.Fprintf(&b, "(%s before these)\n", widget.Plural(int64(j.Left), "line", "lines"))
	}
	for _, l := range j.Log {
		fmt.Fprintf(&b, "%s  %s\n", l.At.Format("15:04:05"), widget.Inert(l.Text))
	}
	return b.String()
}
