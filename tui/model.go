package tui

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"pipewright/engine"
	"pipewright/tui/keys"
	"pipewright/tui/layout"
	"pipewright/tui/theme"
	"pipewright/views"
	"pipewright/views/checklist"
	"pipewright/views/curriculum"
	"pipewright/views/lesson"
)

// overlay is something that stands over the screen and takes the keys.
type overlay interface {
	place() keys.Place
	do(m *model, id keys.ID) tea.Cmd
	typed(key, text string)
	wheel(n int)
	draw(m *model) (box []string, x, y int)
}

// model is the root. It routes: what a key means is said by the table, what an action does by the pane
// or overlay that owns it, what a job reports by the panes that take it.
type model struct {
	ctx    context.Context
	lab    Engine
	course Course
	table  *keys.Table
	theme  *theme.Theme
	now    func() time.Time

	frame   layout.Frame
	entries []views.Entry
	panes   map[keys.Place]views.Pane
	focus   keys.Place // the pane that has the keys
	zoom    bool
	below   keys.Place // the pane that stands under the lesson, or empty
	over    overlay
	notice  notice

	opened   *Opened
	clock    clock
	earlier  time.Duration // spent in the open session before it was opened in this run
	gen      int           // of the open session
	wanted   string        // the session that is being opened
	jobs     jobTable
	backends []engine.BackendStatus
	told     map[engine.Backend]bool // whose failure has been told
	sql      sqlDesk
	ended    bool
	crash    *crash
}

// notice is one line that tells what did just happen, until the next key.
type notice struct {
	text string
	bad  bool
}

// crash is a panic of the shell's own.
type crash struct {
	what  any
	stack []byte
}

type (
	openedMsg struct {
		opened *Opened
		gen    int
		fresh  bool // it was opened, not read again
		again  bool // it is the session of last time
		err    error
	}
	outlineMsg struct {
		outline curriculum.Outline
		err     error
	}
	answeredMsg struct {
		session string
		err     error
	}
	tickMsg  struct{}
	crashMsg crash
)

func newModel(ctx context.Context, o Options, mem memory, th *theme.Theme) (*model, error) {
	table, err := Actions()
	if err != nil {
		return nil, err
	}
	m := &model{
		ctx: ctx, lab: o.Lab, course: o.Course, table: table, theme: th, now: time.Now,
		entries: views.Catalogue(), panes: map[keys.Place]views.Pane{}, focus: curriculum.Place,
		told: map[engine.Backend]bool{}, zoom: mem.Zoom, below: mem.Below, wanted: mem.Session,
		backends: o.Lab.Statuses(),
	}
	for _, e := range m.entries {
		p := e.New()
		if raw, ok := mem.Panes[e.Place]; ok {
			p.Recall(raw)
		}
		m.panes[e.Place] = p
		if e.Place == mem.Focus {
			m.focus = mem.Focus
		}
	}
	m.beginSQL(o.Workspace)
	return m, nil
}

// memory is what is to be kept of the model.
func (m *model) memory() memory {
	mem := memory{Focus: m.focus, Zoom: m.zoom, Below: m.below, Session: m.wanted, Panes: map[keys.Place]json.RawMessage{}}
	if m.opened != nil {
		mem.Session = m.opened.ID
	}
	if m.theme.Name == theme.Dark || m.theme.Name == theme.Light {
		mem.Theme = m.theme.Name
	}
	for _, e := range m.entries {
		mem.Panes[e.Place] = m.panes[e.Place].Keep()
	}
	return mem
}

// Init starts what comes in by itself: the curriculum, the backends, the clock, the session of last
// time, and the terminal's background, whose answer may never come.
func (m *model) Init() tea.Cmd {
	cmds := []tea.Cmd{m.readOutline(), watch(m.ctx, m.lab, 0), tick(), tea.RequestBackgroundColor}
	if m.wanted != "" {
		cmds = append(cmds, m.open(m.wanted, true))
	}
	return guard(tea.Batch(cmds...))
}

// tick keeps the clock in the header going.
func tick() tea.Cmd {
	return tea.Tick(20*time.Second, func(time.Time) tea.Msg { return tickMsg{} })
}

// Update routes a message.
func (m *model) Update(msg tea.Msg) (out tea.Model, cmd tea.Cmd) {
	defer func() {
		if r := recover(); r != nil {
			m.crash = &crash{r, debug.Stack()}
			out, cmd = m, tea.Quit
		}
	}()
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.frame = layout.Compute(msg.Width, msg.Height, m.below != "", m.zoom)
	case tea.KeyPressMsg:
		cmd = m.key(msg.String(), msg.Key().Text)
	case tea.PasteMsg:
		m.paste(msg.Content)
	case tea.MouseWheelMsg:
		m.wheel(msg.Mouse())
	case tea.MouseClickMsg:
		cmd = m.click(msg.Mouse())
	case tea.BackgroundColorMsg:
		m.background(msg.IsDark())
	case submittedMsg:
		cmd = m.submitted(msg)
	case eventMsg:
		cmd = m.event(msg)
	case statusMsg:
		cmd = m.status(msg)
	case outlineMsg:
		m.outline(msg)
	case openedMsg:
		cmd = m.wasOpened(msg)
	case doneMsg:
		cmd = m.done(msg)
	case answeredMsg:
		cmd = m.answered(msg)
	case tickMsg:
		cmd = tea.Batch(tick(), m.spend(m.clock.take(m.now(), m.step())))
	case noticeMsg:
		m.notice = notice(msg)
	case crashMsg:
		m.crash = (*crash)(&msg)
		cmd = tea.Quit
	}
	return m, guard(tea.Batch(cmd, m.afterSQL(msg)))
}

// noticeMsg puts a notice up.
type noticeMsg notice

// guard makes a command's panic a message, so that the terminal is restored before anything is said.
func guard(cmd tea.Cmd) tea.Cmd {
	if cmd == nil {
		return nil
	}
	return func() (msg tea.Msg) {
		defer func() {
			if r := recover(); r != nil {
				msg = crashMsg{r, debug.Stack()}
			}
		}()
		msg = cmd()
		if batch, ok := msg.(tea.BatchMsg); ok {
			for i, c := range batch {
				batch[i] = guard(c)
			}
		}
		return msg
	}
}

// place is where keys have their meaning now.
func (m *model) place() keys.Place {
	if m.over != nil {
		return m.over.place()
	}
	return m.panes[m.focus].Place()
}

// key looks a key up where it was pressed and does what it means there; in a place where text is typed,
// what means nothing is text.
func (m *model) key(key, text string) tea.Cmd {
	m.notice = notice{}
	m.clock.awake(m.now())
	if m.frame.TooSmall && m.over == nil { // nothing can be seen: only leaving makes sense
		if a, ok := m.table.Lookup(keys.Everywhere, key); !ok || a.ID != actQuit {
			return nil
		}
	}
	place := m.place()
	if a, ok := m.table.Lookup(place, key); ok {
		cmd := m.do(a)
		if s := m.step(); s != m.clock.step {
			cmd = tea.Batch(cmd, m.spend(m.clock.take(m.now(), s)))
		}
		return cmd
	}
	if m.table.Modal(place) {
		m.typed(key, text)
	}
	return nil
}

func (m *model) typed(key, text string) {
	if m.over != nil {
		m.over.typed(key, text)
		return
	}
	m.panes[m.focus].Type(key, text)
}

// paste is text that was pasted: it goes where text is typed, and nowhere else.
func (m *model) paste(text string) {
	if m.table.Modal(m.place()) {
		m.typed("", text)
	}
}

// do carries out an action where it belongs.
func (m *model) do(a keys.Action) tea.Cmd {
	if m.over != nil {
		return m.over.do(m, a.ID)
	}
	if a.Place == keys.Everywhere {
		return m.shell(a.ID)
	}
	p := m.panes[m.focus]
	if !p.Can(a.ID) {
		return nil
	}
	return m.intent(p.Do(a.ID))
}

// intent does what a pane asked for.
func (m *model) intent(in keys.Intent) tea.Cmd {
	switch in := in.(type) {
	case keys.OpenSession:
		return m.open(in.ID, false)
	case keys.RunLab:
		return m.run(in.Lab)
	case keys.Verify:
		return m.verify()
	case keys.CancelJob:
		if e := m.jobs.find(engine.JobID(in.Job)); e != nil && e.state == engine.JobRunning {
			m.cancel(e)
		}
	case keys.Copy:
		return m.copy(in.What, in.Text)
	case keys.Answer:
		return m.answer(in)
	case keys.Visit:
		m.visit(in.Place)
	case keys.ShowKeys:
		m.over = newHelp(m)
	case keys.RunSQL, keys.ExportSQL, keys.Refresh:
		return m.askSQL(in)
	}
	return nil
}

// take hands a fact to every pane; those that it is not for ignore it.
func (m *model) take(fact any) {
	for _, p := range m.panes {
		p.Take(fact)
	}
}

// relayout computes the frame anew after something was opened or closed.
func (m *model) relayout() {
	m.frame = layout.Compute(m.frame.W, m.frame.H, m.below != "", m.zoom)
}

// visit moves the focus to a pane and makes it visible.
func (m *model) visit(p keys.Place) {
	if m.panes[p] == nil {
		return
	}
	m.focus = p
	if m.lower(p) {
		m.below = p
	}
	m.relayout()
}

// lower says whether a pane stands under the lesson on a wide screen.
func (m *model) lower(p keys.Place) bool {
	return slices.ContainsFunc(m.entries, func(e views.Entry) bool { return e.Place == p && e.Region == layout.Below })
}

// show opens a pane for what has begun to run in it: under the lesson where there is room beside it,
// else in its place.
func (m *model) show(p keys.Place) {
	if !m.frame.Wide {
		m.visit(p)
		return
	}
	if m.lower(m.focus) {
		m.focus = p
	}
	m.below = p
	m.relayout()
}

// cycle moves the focus by n panes among those that can be seen or reached by tabs.
func (m *model) cycle(n int) {
	places := m.reachable()
	i := slices.Index(places, m.focus)
	m.visit(places[(i+n+len(places))%len(places)])
}

// reachable lists the panes that a tab goes through.
func (m *model) reachable() []keys.Place {
	var out []keys.Place
	for _, e := range m.entries {
		if m.frame.Wide && e.Region == layout.Below && e.Place != m.below {
			continue
		}
		out = append(out, e.Place)
	}
	return out
}

// back leaves one thing: the zoom, the load, the session.
func (m *model) back() {
	switch {
	case m.zoom:
		m.zoom = false
	case m.lower(m.focus):
		m.below, m.focus = "", lesson.Place
	case m.focus == checklist.Place && m.opened != nil:
		m.focus = lesson.Place
	default:
		m.focus = curriculum.Place
	}
	m.relayout()
}

// can says whether one of the shell's actions would do something now.
func (m *model) can(a keys.Action) bool {
	if a.Place != keys.Everywhere {
		p := m.panes[a.Place]
		return p == nil || p.Can(a.ID)
	}
	switch a.ID {
	case actCancel:
		return m.jobs.latest() != nil
	case actVerify:
		return m.opened != nil && len(m.opened.List.Criteria) > 0 && !m.jobs.busy(m.opened.ID, "")
	case actRun:
		l, ok := m.due()
		return ok && !m.jobs.busy(m.opened.ID, l.ID)
	case actZoom:
		return m.zoom || m.frame.Wide
	case actBack:
		return m.zoom || m.focus != curriculum.Place
	case actCopy:
		_, text := m.panes[m.focus].Copy()
		return text != ""
	}
	return true
}

// shell carries out one of the shell's own actions.
func (m *model) shell(id keys.ID) tea.Cmd {
	switch id {
	case actVerify:
		return m.verify()
	case actRun:
		return m.run("")
	case actCancel:
		if e := m.jobs.latest(); e != nil {
			m.cancel(e)
		}
	case actNext:
		m.cycle(1)
	case actPrev:
		m.cycle(-1)
	case actZoom:
		if m.zoom || m.frame.Wide {
			m.zoom = !m.zoom
			m.relayout()
		}
	case actBack:
		m.back()
	case actCopy:
		return m.copy(m.panes[m.focus].Copy())
	case actOne, actTwo, actThree, actFour, actFive, actSix:
		m.visit(m.entries[slices.Index([]keys.ID{actOne, actTwo, actThree, actFour, actFive, actSix}, id)].Place)
	case actPalette:
		m.over = newPalette(m)
	case actHelp:
		m.over = newHelp(m)
	case actSuspend:
		return m.suspend()
	case actQuit:
		return m.quit()
	}
	return nil
}

// suspend goes back to the shell behind this one. What runs goes on when the program does.
func (m *model) suspend() tea.Cmd {
	cmd := suspend()
	if cmd == nil {
		m.say("there is no shell behind this terminal to go back to")
	}
	return cmd
}

// quit leaves, or asks when something runs.
func (m *model) quit() tea.Cmd {
	if len(m.jobs.running()) > 0 {
		m.over = &quitBox{}
		return nil
	}
	m.ended = true
	return tea.Quit
}

func (m *model) say(format string, args ...any) {
	m.notice = notice{text: fmt.Sprintf(format, args...)}
}

func (m *model) complain(text string) { m.notice = notice{text: text, bad: true} }

// background takes the terminal's answer to what its background is. Where colours are few or none the
// answer changes nothing.
func (m *model) background(dark bool) {
	if m.theme.Name != theme.Dark && m.theme.Name != theme.Light {
		return
	}
	want := theme.Light
	if dark {
		want = theme.Dark
	}
	if m.theme.Name != want {
		m.theme = theme.New(want)
	}
}
