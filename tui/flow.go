package tui

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"

	"pipewright/engine"
	"pipewright/tui/keys"
	"pipewright/tui/widget"
	"pipewright/views/checklist"
	"pipewright/views/curriculum"
	"pipewright/views/lesson"
	"pipewright/views/load"
	"pipewright/views/result"
)

// open opens a session. Its content comes as an openedMsg. again says that it is the session of last
// time, whose focus was kept as well.
func (m *model) open(id string, again bool) tea.Cmd {
	m.gen++
	m.wanted = id
	ctx, gen, course := m.ctx, m.gen, m.course
	return func() tea.Msg {
		o, err := course.Start(ctx, id)
		return openedMsg{opened: o, gen: gen, fresh: true, again: again, err: err}
	}
}

// refresh reads the open session again, after its figures have changed.
func (m *model) refresh(id string) tea.Cmd {
	gen, course := m.gen, m.course
	return func() tea.Msg {
		o, err := course.Read(id)
		return openedMsg{opened: o, gen: gen, err: err}
	}
}

func (m *model) readOutline() tea.Cmd {
	course := m.course
	return func() tea.Msg {
		o, err := course.Outline()
		return outlineMsg{o, err}
	}
}

func (m *model) outline(msg outlineMsg) {
	if msg.err != nil {
		m.complain(sentence(msg.err))
		return
	}
	if m.opened != nil {
		msg.outline.Open = m.opened.ID
	}
	m.take(msg.outline)
}

func (m *model) wasOpened(msg openedMsg) tea.Cmd {
	if msg.gen != m.gen {
		return nil
	}
	if msg.err != nil {
		m.complain(sentence(msg.err))
		return nil
	}
	m.opened = msg.opened
	m.take(m.opened.Lesson)
	m.take(m.opened.List)
	offer := load.Offer{Session: m.opened.ID}
	if l, ok := m.due(); ok {
		offer.Lab, offer.Title = l.ID, l.Title
	}
	m.take(offer)
	if m.opened.Last != nil {
		m.take(*m.opened.Last)
	}
	if !msg.fresh {
		return nil
	}
	if m.clock.session != m.opened.ID {
		m.earlier = m.opened.Spent
	}
	spent := m.clock.turn(m.now(), m.opened.ID, m.step())
	if m.focus == curriculum.Place && !msg.again {
		m.visit(lesson.Place)
	}
	return tea.Batch(m.readOutline(), m.spend(spent))
}

// due is the lab that r runs: the one that the lesson's screen speaks of, else the next of the session.
func (m *model) due() (Lab, bool) {
	if m.opened == nil {
		return Lab{}, false
	}
	if p, ok := m.panes[lesson.Place].(interface{ Lab() string }); ok {
		for _, l := range m.opened.Labs {
			if l.ID == p.Lab() {
				return l, true
			}
		}
	}
	return m.opened.due()
}

// run runs a lab of the open session; an empty id is the one that is due.
func (m *model) run(lab string) tea.Cmd {
	if lab == "" {
		l, ok := m.due()
		if !ok {
			m.say("there is nothing to run here: open a session that has a lab")
			return nil
		}
		lab = l.ID
	}
	if m.jobs.busy(m.opened.ID, lab) {
		m.say("it runs already; c cancels it")
		return nil
	}
	session, course := m.opened.ID, m.course
	e := errand{session: session, lab: lab, gen: m.gen}
	m.jobs.begin(e)
	return submit(m.ctx, m.lab, e, func(ctx context.Context, to engine.Submitter, each func(engine.Event)) error {
		if err := course.RunLab(ctx, to, session, lab, each); err != nil {
			return err
		}
		course.Reveal(ctx, to, session)
		return nil
	})
}

// answer records a guess; the lesson shows it at once, and what it is as soon as that is known.
func (m *model) answer(in keys.Answer) tea.Cmd {
	if m.opened == nil {
		return nil
	}
	session, course := m.opened.ID, m.course
	return func() tea.Msg {
		return answeredMsg{session, course.Answer(session, in.Prediction, in.Guess)}
	}
}

func (m *model) answered(msg answeredMsg) tea.Cmd {
	if msg.err != nil {
		m.complain(sentence(msg.err))
		return nil
	}
	if m.opened == nil || m.opened.ID != msg.session {
		return nil
	}
	ctx, to, e, course := m.ctx, m.lab, errand{session: msg.session, lab: "answer", gen: m.gen}, m.course
	return tea.Batch(m.refresh(msg.session), func() tea.Msg {
		course.Reveal(ctx, to, e.session)
		return doneMsg{errand: e}
	})
}

// verify checks the open session's criteria.
func (m *model) verify() tea.Cmd {
	if m.opened == nil || len(m.opened.List.Criteria) == 0 {
		m.say("open a session first: its checklist is what is verified")
		return nil
	}
	if m.jobs.busy(m.opened.ID, "") {
		m.say("the checks run already")
		return nil
	}
	if !m.frame.Wide {
		m.visit(checklist.Place)
	}
	session, course := m.opened.ID, m.course
	e := errand{session: session, gen: m.gen}
	m.jobs.begin(e)
	return submit(m.ctx, m.lab, e, func(ctx context.Context, to engine.Submitter, each func(engine.Event)) error {
		return course.Evaluate(ctx, to, session, each)
	})
}

// cancel asks a job to stop. Its end comes as an event.
func (m *model) cancel(e *entry) {
	e.job.Cancel()
	e.state = engine.JobCancelling
	m.say("cancelling %s", m.title(e))
}

func (m *model) copy(what, text string) tea.Cmd {
	if text == "" {
		m.say("there is nothing to copy here")
		return nil
	}
	m.say("copied %s through the terminal (OSC 52)", what)
	return tea.SetClipboard(text)
}

// submitted registers a job and begins to read it.
func (m *model) submitted(msg submittedMsg) tea.Cmd {
	m.jobs.add(msg.errand, msg.job)
	if msg.errand.gen == m.gen {
		switch msg.job.Request().(type) {
		case engine.LoadCSV:
			m.show(load.Place)
		case engine.RunQuery:
			m.show(result.Place)
		}
	}
	return await(m.ctx, msg.errand, msg.job)
}

// event hands an event to the panes and waits for the next one. Panes get nothing of a session that is
// not open any more.
func (m *model) event(msg eventMsg) tea.Cmd {
	e := m.jobs.find(msg.job.ID())
	if e == nil {
		return nil
	}
	if !msg.ok {
		if !e.state.Ended() { // its end was never told: the shell is being left
			e.state = engine.JobCancelled
		}
		return nil
	}
	if msg.errand.lab == sqlErrand {
		return m.eventSQL(e, msg)
	}
	switch ev := msg.event.(type) {
	case engine.Evidence:
		e.asked++
		if ev.Passed && ev.Err == nil {
			e.held++
		}
	case engine.Ended:
		e.state = ev.State
		m.tell(e, ev)
	}
	if msg.errand.session == m.wanted {
		m.take(engine.Report{Job: msg.job.ID(), Request: msg.job.Request(), Event: msg.event})
	}
	return await(m.ctx, msg.errand, msg.job)
}

// tell says in a line how a job ended.
func (m *model) tell(e *entry, end engine.Ended) {
	title := m.title(e)
	switch {
	case end.State == engine.JobFailed && end.Err != nil:
		m.complain(sentence(end.Err))
	case end.State == engine.JobCancelled:
		m.say("cancelled: %s", title)
	case e.errand.lab == "":
		m.say("verified: %d of %d hold", e.held, e.asked)
	default:
		m.say("done in %s: %s", widget.Span(end.Elapsed), title)
	}
}

// title names a job in few words.
func (m *model) title(e *entry) string {
	if r, ok := e.job.Request().(engine.LoadCSV); ok {
		return "load " + widget.Inert(filepath.Base(r.Path)) + " → " + widget.Inert(r.Table)
	}
	if m.opened != nil && e.errand.session == m.opened.ID {
		for _, l := range m.opened.Labs {
			if l.ID == e.errand.lab {
				return widget.Inert(l.Title)
			}
		}
	}
	return widget.Inert(e.job.Request().Title())
}

// done ends an errand: what it found is on disk, so the session's text and ticks are read again.
func (m *model) done(msg doneMsg) tea.Cmd {
	m.jobs.over(msg.errand)
	var e *engine.Error
	if msg.err != nil && (!errors.As(msg.err, &e) || e.Kind != engine.Interrupted) {
		m.complain(sentence(msg.err))
	}
	if m.opened == nil || msg.errand.session != m.opened.ID {
		return m.readOutline()
	}
	return tea.Batch(m.refresh(msg.errand.session), m.readOutline())
}

// status takes the backends' states and waits for the next change. A failure is told once.
func (m *model) status(msg statusMsg) tea.Cmd {
	if msg.err != nil {
		return nil
	}
	m.backends = msg.backends
	for _, b := range msg.backends {
		if b.State != engine.StateFailed {
			m.told[b.Name] = false
			continue
		}
		if !m.told[b.Name] {
			m.told[b.Name] = true
			m.complain(strings.TrimSpace(fmt.Sprintf("%s: %s %s", b.Name, b.Sentence, arrow(b.Fix))))
		}
	}
	return watch(m.ctx, m.lab, msg.version)
}

func arrow(s string) string {
	if s == "" {
		return ""
	}
	return "→ " + s
}

// sentence is an error for people in one line.
func sentence(err error) string {
	var e *engine.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	s := e.What
	if e.Where != "" {
		s = e.Where + ": " + s
	}
	return strings.TrimSpace(s + " " + arrow(e.Next))
}
