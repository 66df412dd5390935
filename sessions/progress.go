package sessions

import (
	"math"
	"time"
)

// SessionState is how far a session is.
type SessionState string

// The states of a session.
const (
	Listed   SessionState = "listed"        // in the plan, without content in this version
	Open     SessionState = "open"          // nothing happened yet
	Going    SessionState = "started"       // something did
	Reported SessionState = "self_reported" // all ticked, some by the learner's word alone
	Done     SessionState = "done"          // every criterion is verified
)

// TickState is how a criterion stands.
type TickState string

// The states of a criterion.
const (
	Unticked     TickState = "open"          // never checked
	Verified     TickState = "verified"      // its latest check passed
	Unproven     TickState = "failed"        // its latest check failed; ProvenAt tells of an earlier proof
	SelfReported TickState = "self_reported" // ticked by the learner since its latest check, if any
)

// Progress is what is done, derived from the journal. It is the document of progress --json.
type Progress struct {
	SessionsTotal int             `json:"sessions_total"`
	SessionsDone  int             `json:"sessions_done"` // verified in every criterion
	SelfReported  int             `json:"sessions_self_reported"`
	MinutesSpent  int             `json:"minutes_spent"`
	MinutesTotal  int             `json:"minutes_total"`
	Phases        []PhaseProgress `json:"phases"`
	Last          string          `json:"last_session,omitempty"` // the session of the latest entry
}

// PhaseProgress is one phase of it.
type PhaseProgress struct {
	Phase         int            `json:"phase"`
	Title         string         `json:"title"`
	SessionsTotal int            `json:"sessions_total"`
	SessionsDone  int            `json:"sessions_done"`
	MinutesSpent  int            `json:"minutes_spent"`
	Weeks         []WeekProgress `json:"weeks"`
}

// WeekProgress is one week of it.
type WeekProgress struct {
	Week          int               `json:"week"`
	Title         string            `json:"title"`
	SessionsTotal int               `json:"sessions_total"`
	SessionsDone  int               `json:"sessions_done"`
	MinutesSpent  int               `json:"minutes_spent"`
	Sessions      []SessionProgress `json:"sessions"`
}

// SessionProgress is one session of it.
type SessionProgress struct {
	ID           string              `json:"id"`
	Title        string              `json:"title"`
	Minutes      int                 `json:"minutes"`
	State        SessionState        `json:"state"`
	MinutesSpent int                 `json:"minutes_spent"`
	Criteria     []CriterionProgress `json:"criteria,omitempty"`

	StepSeconds map[string]float64 `json:"step_seconds,omitempty"`
	HintsShown  map[string]int     `json:"hints_shown,omitempty"` // criterion → highest rung
	LastStep    string             `json:"last_step,omitempty"`

	seconds float64
}

// CriterionProgress is one line of a session's checklist.
type CriterionProgress struct {
	ID       string     `json:"id"`
	Title    string     `json:"title"`
	State    TickState  `json:"state"`
	Observed string     `json:"observed,omitempty"`
	Expected string     `json:"expected,omitempty"`
	Cause    string     `json:"cause,omitempty"`
	Next     string     `json:"next,omitempty"`
	On       string     `json:"on,omitempty"`
	At       *time.Time `json:"at,omitempty"`        // of the check or of the learner's tick
	ProvenAt *time.Time `json:"proven_at,omitempty"` // of the latest check that passed
	Error    string     `json:"error,omitempty"`     // the latest check could not be carried out; the state is the one before it
}

// ProgressOf folds the journal's entries into progress. It looks at nothing else: the same catalogue and
// entries give the same progress. Entries of sessions, criteria and versions that it does not know
// count for nothing.
func ProgressOf(cat *Catalogue, entries []Entry) Progress {
	var p Progress
	states := map[string]*SessionProgress{}
	for _, ph := range cat.Phases {
		pp := PhaseProgress{Phase: ph.Number, Title: ph.Title}
		for _, w := range ph.Weeks {
			wp := WeekProgress{Week: w.Number, Title: w.Title, Sessions: make([]SessionProgress, len(w.Sessions))}
			for i, s := range w.Sessions {
				wp.Sessions[i] = fresh(s)
				states[s.ID] = &wp.Sessions[i]
				p.MinutesTotal += s.Minutes
			}
			pp.Weeks = append(pp.Weeks, wp)
		}
		p.Phases = append(p.Phases, pp)
	}
	for _, e := range entries {
		s := states[e.Session]
		if s == nil || !e.known() {
			continue
		}
		if s.State != Listed {
			p.Last = e.Session
		}
		s.apply(e)
	}
	p.sum()
	return p
}

func fresh(s *Session) SessionProgress {
	sp := SessionProgress{ID: s.ID, Title: s.Title, Minutes: s.Minutes, State: Listed}
	if s.Available() {
		sp.State = Open
	}
	for _, c := range s.Criteria {
		sp.Criteria = append(sp.Criteria, CriterionProgress{ID: c.ID, Title: c.Title, State: Unticked})
	}
	return sp
}

// apply takes one entry into account.
func (s *SessionProgress) apply(e Entry) {
	if s.State == Open {
		s.State = Going
	}
	switch {
	case e.Step != nil && e.Type == StepTimedType:
		// a clock that jumped must not spoil the sum
		if sec := e.Step.Seconds; sec > 0 && sec <= 24*3600 {
			s.seconds += sec
			if s.StepSeconds == nil {
				s.StepSeconds = map[string]float64{}
			}
			s.StepSeconds[e.Step.Step] += sec
			s.LastStep = e.Step.Step
		}
	case e.Check != nil && e.Type == CheckRanType:
		if c := s.criterion(e.Check.Criterion); c != nil {
			c.check(e)
		}
	case e.Hint != nil && e.Type == HintShownType:
		if s.HintsShown == nil {
			s.HintsShown = map[string]int{}
		}
		s.HintsShown[e.Hint.Criterion] = max(s.HintsShown[e.Hint.Criterion], e.Hint.Rung)
	case e.Tick != nil && e.Type == SelfTickType:
		if c := s.criterion(e.Tick.Criterion); c != nil {
			c.tick(e)
		}
	}
}

func (s *SessionProgress) criterion(id string) *CriterionProgress {
	for i := range s.Criteria {
		if s.Criteria[i].ID == id {
			return &s.Criteria[i]
		}
	}
	return nil
}

// check takes evidence: the latest counts, and one that could not be carried out changes nothing.
func (c *CriterionProgress) check(e Entry) {
	k, at := e.Check, e.At
	if k.Error != "" {
		c.Error = k.Error
		return
	}
	c.Error = ""
	c.Observed, c.Expected, c.Cause, c.Next, c.On, c.At = k.Observed, k.Expected, k.Cause, k.Next, k.On, &at
	c.State = Unproven
	if k.Passed {
		c.State, c.ProvenAt = Verified, &at
	}
}

// tick takes the learner's word. It adds nothing to a proof, and a later check overrules it.
func (c *CriterionProgress) tick(e Entry) {
	at := e.At
	switch {
	case c.State == Verified:
	case e.Tick.On:
		*c = CriterionProgress{ID: c.ID, Title: c.Title, State: SelfReported, At: &at, ProvenAt: c.ProvenAt}
	case c.State == SelfReported:
		*c = CriterionProgress{ID: c.ID, Title: c.Title, State: Unticked, ProvenAt: c.ProvenAt}
	}
}

// sum settles the sessions' states and adds everything up.
func (p *Progress) sum() {
	total := 0.0
	for i := range p.Phases {
		ph := &p.Phases[i]
		phaseSeconds := 0.0
		for j := range ph.Weeks {
			w := &ph.Weeks[j]
			weekSeconds := 0.0
			for k := range w.Sessions {
				s := &w.Sessions[k]
				s.settle()
				weekSeconds += s.seconds
				w.SessionsTotal++
				switch s.State {
				case Done:
					w.SessionsDone++
				case Reported:
					p.SelfReported++
				}
			}
			w.MinutesSpent = minutes(weekSeconds)
			phaseSeconds += weekSeconds
			ph.SessionsTotal += w.SessionsTotal
			ph.SessionsDone += w.SessionsDone
		}
		ph.MinutesSpent = minutes(phaseSeconds)
		total += phaseSeconds
		p.SessionsTotal += ph.SessionsTotal
		p.SessionsDone += ph.SessionsDone
	}
	p.MinutesSpent = minutes(total)
}

func minutes(seconds float64) int { return int(math.Round(seconds / 60)) }

func (s *SessionProgress) settle() {
	s.MinutesSpent = minutes(s.seconds)
	verified, reported := 0, 0
	for _, c := range s.Criteria {
		switch c.State {
		case Verified:
			verified++
		case SelfReported:
			reported++
		}
	}
	switch n := len(s.Criteria); {
	case n == 0:
	case verified == n:
		s.State = Done
	case verified+reported == n:
		s.State = Reported
	}
}

// Session finds a session's progress by its id.
func (p *Progress) Session(id string) *SessionProgress {
	for i := range p.Phases {
		for j := range p.Phases[i].Weeks {
			for k := range p.Phases[i].Weeks[j].Sessions {
				if s := &p.Phases[i].Weeks[j].Sessions[k]; s.ID == id {
					return s
				}
			}
		}
	}
	return nil
}

// Ticks counts a session's verified criteria, and all of them.
func (s *SessionProgress) Ticks() (verified, total int) {
	for _, c := range s.Criteria {
		if c.State == Verified {
			verified++
		}
	}
	return verified, len(s.Criteria)
}
