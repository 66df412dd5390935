package tui

import (
	"context"
	"regexp"
	"slices"
	"time"

	"pipewright/engine"
	"pipewright/sessions"
	"pipewright/views/checklist"
	"pipewright/views/curriculum"
	"pipewright/views/lesson"
	"pipewright/views/load"
)

// workspace is the Course of one workspace: the embedded curriculum and the learner's journal.
type workspace struct {
	ws      engine.Workspace
	journal *sessions.Journal
}

// NewCourse gives the course of a workspace, whose folders are made where they are missing.
func NewCourse(ws engine.Workspace) (Course, error) {
	if err := sessions.Prepare(ws); err != nil {
		return nil, err
	}
	j, err := sessions.OpenJournal(ws)
	if err != nil {
		return nil, err
	}
	return &workspace{ws, j}, nil
}

// Outline implements Course.
func (w *workspace) Outline() (curriculum.Outline, error) {
	cat, entries, err := w.read()
	if err != nil {
		return curriculum.Outline{}, err
	}
	done := sessions.ProgressOf(cat, entries)
	var out curriculum.Outline
	for _, p := range cat.Phases {
		ph := curriculum.Phase{Number: p.Number, Title: p.Title}
		for _, wk := range p.Weeks {
			week := curriculum.Week{Number: wk.Number, Title: wk.Title}
			for _, s := range wk.Sessions {
				row := curriculum.Session{ID: s.ID, Title: s.Title, Minutes: s.Minutes, Written: s.Available()}
				if at := done.Session(s.ID); at != nil {
					row.Passed, row.Total = at.Ticks()
					row.Begun = at.State == sessions.Going || at.State == sessions.Reported
				}
				week.Sessions = append(week.Sessions, row)
			}
			ph.Weeks = append(ph.Weeks, week)
		}
		out.Phases = append(out.Phases, ph)
	}
	return out, nil
}

func (w *workspace) read() (*sessions.Catalogue, []sessions.Entry, error) {
	cat, err := sessions.Load()
	if err != nil {
		return nil, nil, err
	}
	entries, _, err := w.journal.Read()
	return cat, entries, err
}

func (w *workspace) session(id string) (*sessions.Session, error) {
	cat, err := sessions.Load()
	if err != nil {
		return nil, err
	}
	return cat.Open(id)
}

// Start implements Course.
func (w *workspace) Start(ctx context.Context, id string) (*Opened, error) {
	s, err := w.session(id)
	if err != nil {
		return nil, err
	}
	if _, err := sessions.Start(ctx, w.ws, w.journal, s); err != nil {
		return nil, err
	}
	return w.Read(id)
}

// Read implements Course.
func (w *workspace) Read(id string) (*Opened, error) {
	s, err := w.session(id)
	if err != nil {
		return nil, err
	}
	cat, entries, err := w.read()
	if err != nil {
		return nil, err
	}
	figures := sessions.FiguresOf(entries, id)
	o := &Opened{ID: s.ID, Title: s.Title, Week: s.Week, Minutes: s.Minutes}
	for _, l := range s.Labs {
		_, loaded := figures.Loads[l.ID]
		_, queried := figures.Results[l.ID]
		o.Labs = append(o.Labs, Lab{ID: l.ID, Title: l.Title, Done: loaded || queried})
	}
	o.Lesson = lessonOf(s, figures)
	o.List = checklist.List{Session: id, Evidence: figures.Evidence, Self: map[string]time.Time{}}
	for _, c := range s.Criteria {
		o.List.Criteria = append(o.List.Criteria, c.Engine())
	}
	done := sessions.ProgressOf(cat, entries)
	if p := done.Session(id); p != nil {
		for _, c := range p.Criteria {
			if c.State == sessions.SelfReported && c.At != nil {
				o.List.Self[c.ID] = c.At.Local()
			}
		}
		for _, sec := range p.StepSeconds {
			o.Spent += time.Duration(sec * float64(time.Second))
		}
	}
	for cid, e := range o.List.Evidence {
		e.At = e.At.Local()
		o.List.Evidence[cid] = e
	}
	for _, l := range figures.Loads {
		if o.Last == nil || l.At.After(o.Last.Loaded.At) {
			l.At = l.At.Local()
			o.Last = &load.Last{Session: id, Loaded: l}
		}
	}
	return o, nil
}

// lessonOf is a session as the lesson pane reads it, with the learner's figures filled in.
func lessonOf(s *sessions.Session, f sessions.Figures) lesson.Lesson {
	out := lesson.Lesson{Session: s.ID, Title: s.Title, Minutes: s.Minutes}
	for _, name := range sessions.Steps {
		if len(s.ScreensOf(name)) > 0 {
			out.Steps = append(out.Steps, lesson.Step{Name: name, Minutes: s.StepMinutes.Of(name)})
		}
	}
	for _, sc := range s.Screens {
		screen := lesson.Screen{Step: sc.Step, Title: sc.Title, Text: f.Fill(s, sc.Text)}
		for _, q := range s.Predictions {
			if _, guessed := f.Predictions[q.ID]; !guessed && slices.Contains(asks(sc.Text), q.ID) {
				screen.Asks = append(screen.Asks, lesson.Ask{ID: q.ID, Question: q.Question, Choices: q.Choices})
			}
		}
		out.Screens = append(out.Screens, screen)
	}
	return out
}

// asked finds the places of predictions in a lesson's text.
var asked = regexp.MustCompile(`\{\{\s*ask\.([a-z0-9_]+)\s*\}\}`)

// asks lists the predictions that a text asks.
func asks(text string) []string {
	var out []string
	for _, m := range asked.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

// RunLab implements Course.
func (w *workspace) RunLab(ctx context.Context, to engine.Submitter, session, lab string, each func(engine.Event)) error {
	s, err := w.session(session)
	if err != nil {
		return err
	}
	begun := false
	_, err = sessions.RunLab(ctx, to, w.ws, w.journal, s, lab, func(ev engine.Event) {
		_, note := ev.(engine.Note)
		if begun = begun || !note; !begun { // the shell sees the job's own events as they are read
			each(ev)
		}
	})
	return err
}

// Evaluate implements Course.
func (w *workspace) Evaluate(ctx context.Context, to engine.Submitter, session string, each func(engine.Event)) error {
	s, err := w.session(session)
	if err != nil {
		return err
	}
	_, err = sessions.Evaluate(ctx, to, w.ws, w.journal, s, func(e engine.Evidence) { each(e) })
	return err
}

// Answer implements Course.
func (w *workspace) Answer(session, prediction, guess string) error {
	s, err := w.session(session)
	if err != nil {
		return err
	}
	return sessions.Predict(w.journal, s, prediction, guess)
}

// Reveal implements Course. A question that cannot be answered yet, because its table is not there or its
// lab has not run, stays open.
func (w *workspace) Reveal(ctx context.Context, to engine.Submitter, session string) {
	s, err := w.session(session)
	if err != nil {
		return
	}
	_, entries, err := w.read()
	if err != nil {
		return
	}
	for id, p := range sessions.FiguresOf(entries, session).Predictions {
		if p.Answer == "" {
			_, _ = sessions.Reveal(ctx, to, w.ws, w.journal, s, id)
		}
	}
}

// Spent implements Course.
func (w *workspace) Spent(session, step string, d time.Duration) error {
	return w.journal.Append(sessions.Timed(session, step, d))
}

// Settle implements Course.
func (w *workspace) Settle() error {
	cat, err := sessions.Load()
	if err != nil {
		return err
	}
	return sessions.WriteProgress(w.ws, cat, w.journal)
}
