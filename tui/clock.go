package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"pipewright/views/lesson"
)

// clock counts the time spent in the open session. Time in which no key was pressed for a while does
// not count: a terminal that is left open learns nothing.
type clock struct {
	session string
	step    string
	from    time.Time     // of what has not been recorded yet
	last    time.Time     // the last key
	total   time.Duration // of this run
}

// idle is how long somebody may read without pressing a key.
const idle = 5 * time.Minute

// spell is time spent on one step that is to be recorded.
type spell struct {
	session, step string
	d             time.Duration
}

// awake is told of each key.
func (c *clock) awake(now time.Time) {
	if now.Sub(c.last) > idle { // the reader was away: what lies between counts as far as idle
		c.total += c.pending(now)
		c.from = now
	}
	c.last = now
}

// pending is the time that has not been recorded yet.
func (c *clock) pending(now time.Time) time.Duration {
	if c.session == "" {
		return 0
	}
	end := now
	if limit := c.last.Add(idle); end.After(limit) {
		end = limit
	}
	return max(end.Sub(c.from), 0)
}

// spent is the time spent in the session in this run.
func (c *clock) spent(now time.Time) time.Duration { return c.total + c.pending(now) }

// take gives what is to be recorded, and begins anew; step is the step that is on screen now. A glance of
// less than three seconds counts for the step that comes after it.
func (c *clock) take(now time.Time, step string) spell {
	s := spell{c.session, c.step, c.pending(now)}
	c.step = step
	if s.d < 3*time.Second {
		return spell{}
	}
	c.total += s.d
	c.from = now
	return s
}

// turn begins a session, and gives what is to be recorded of the one before.
func (c *clock) turn(now time.Time, session, step string) spell {
	if session == c.session {
		return spell{}
	}
	s := c.take(now, step)
	*c = clock{session: session, step: step, from: now, last: now}
	return s
}

// step is the step that is on screen.
func (m *model) step() string {
	if p, ok := m.panes[lesson.Place].(interface{ Step() string }); ok {
		return p.Step()
	}
	return ""
}

// spend records a spell.
func (m *model) spend(s spell) tea.Cmd {
	if s.d <= 0 || s.step == "" {
		return nil
	}
	course := m.course
	return func() tea.Msg {
		if err := course.Spent(s.session, s.step, s.d); err != nil {
			return noticeMsg{text: sentence(err), bad: true}
		}
		return nil
	}
}
