package sessions

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pipewright/engine"
)

// Report is what an evaluation found.
type Report struct {
	Session  string
	Passed   bool // every criterion passed
	Criteria []engine.Evidence
}

// Evaluate checks a session's criteria. It is the only way to a verified tick: each criterion's evidence is
// on disk in the journal before each, which may be nil, is told of it. At the end PROGRESS.md is rewritten.
// A criterion that does not pass is no error; an error means that the evaluation did not come to its end.
func Evaluate(ctx context.Context, sub engine.Submitter, ws engine.Workspace, j *Journal, s *Session, each func(engine.Evidence)) (Report, error) {
	rep := Report{Session: s.ID}
	if !s.Available() {
		return rep, &engine.Error{Kind: engine.Usage, What: "session " + s.ID + " has no content, so there is nothing to check"}
	}
	req, err := CheckRequest(j, s)
	if err != nil {
		return rep, err
	}
	err = follow(ctx, sub, req, func(ev engine.Event) error {
		e, ok := ev.(engine.Evidence)
		if !ok {
			return nil
		}
		if _, err := s.criterion(e.Criterion); err != nil {
			return err // evidence for something that was not asked
		}
		if err := j.Append(checked(s.ID, e)); err != nil {
			return err
		}
		rep.Criteria = append(rep.Criteria, e)
		if each != nil {
			each(e)
		}
		return nil
	})
	if err == nil && len(rep.Criteria) != len(s.Criteria) {
		err = &engine.Error{Kind: engine.Failed, What: fmt.Sprintf("%d of %d criteria were checked", len(rep.Criteria), len(s.Criteria)), Next: "check again"}
	}
	rep.Passed = err == nil
	for _, e := range rep.Criteria {
		rep.Passed = rep.Passed && e.Passed && e.Err == nil
	}
	if cat, loadErr := Load(); loadErr == nil && len(rep.Criteria) > 0 {
		err = errors.Join(err, WriteProgress(ws, cat, j))
	}
	return rep, err
}

// CheckRequest is the request that Evaluate submits: the session's criteria and its recorded loads.
func CheckRequest(j *Journal, s *Session) (engine.Check, error) {
	entries, _, err := j.Read()
	if err != nil {
		return engine.Check{}, err
	}
	req := engine.Check{Session: s.ID, Loads: FiguresOf(entries, s.ID).Loads}
	for _, c := range s.Criteria {
		req.Criteria = append(req.Criteria, c.Engine())
	}
	return req, nil
}

// SelfTick ticks or unticks a criterion on the learner's word alone. It is shown as self-reported, never
// as verified, and the next check overrules it.
func SelfTick(ws engine.Workspace, j *Journal, s *Session, criterion string, on bool) error {
	if _, err := s.criterion(criterion); err != nil {
		return err
	}
	if err := j.Append(Entry{Type: SelfTickType, Session: s.ID, Tick: &SelfTicked{Criterion: criterion, On: on}}); err != nil {
		return err
	}
	cat, err := Load()
	if err != nil {
		return err
	}
	return WriteProgress(ws, cat, j)
}

// ShownHint is one rung of a hint.
type ShownHint struct {
	Criterion string
	Title     string // of the criterion
	Rung      int    // from 1
	Of        int
	Text      string
}

// NextHint gives the next rung for a criterion and records that it was shown; after the last rung it
// gives the last again. Without a criterion it takes the first that is not verified and has hints.
func NextHint(cat *Catalogue, j *Journal, s *Session, criterion string) (ShownHint, error) {
	entries, _, err := j.Read()
	if err != nil {
		return ShownHint{}, err
	}
	all := ProgressOf(cat, entries)
	p := all.Session(s.ID)
	if p == nil {
		return ShownHint{}, &engine.Error{Kind: engine.Usage, What: "there is no session " + quoted(s.ID)}
	}
	h := s.hintFor(p, criterion)
	if h == nil {
		what := "every criterion of session " + s.ID + " is proven, so there is nothing to hint at"
		if criterion != "" {
			what = "there is no hint for " + quoted(criterion)
		}
		return ShownHint{}, &engine.Error{Kind: engine.Failed, What: what, Next: "pipewright session show " + s.ID + " has the lesson"}
	}
	rung := min(p.HintsShown[h.Criterion]+1, len(h.Rungs))
	c, err := s.criterion(h.Criterion)
	if err != nil {
		return ShownHint{}, err
	}
	shown := ShownHint{Criterion: c.ID, Title: c.Title, Rung: rung, Of: len(h.Rungs), Text: h.Rungs[rung-1]}
	return shown, j.Append(Entry{Type: HintShownType, Session: s.ID, Hint: &HintShown{Criterion: c.ID, Rung: rung}})
}

func (s *Session) hintFor(p *SessionProgress, criterion string) *Hint {
	for _, c := range p.Criteria {
		if criterion != "" && c.ID != criterion || criterion == "" && c.State == Verified {
			continue
		}
		for i := range s.Hints {
			if s.Hints[i].Criterion == c.ID {
				return &s.Hints[i]
			}
		}
	}
	return nil
}

// Predict records a guess. The answer stays unknown until Reveal.
func Predict(j *Journal, s *Session, id, guess string) error {
	if _, err := s.prediction(id); err != nil {
		return err
	}
	return j.Append(Entry{Type: PredictedType, Session: s.ID, Predicted: &Predicted{Prediction: id, Guess: inert(guess, keptText)}})
}

// Reveal finds a prediction's answer, from the recorded lab or by asking the database, and records it
// beside the guess, if there was one. An empty answer means that the lab has not run yet.
func Reveal(ctx context.Context, sub engine.Submitter, ws engine.Workspace, j *Journal, s *Session, id string) (string, error) {
	q, err := s.prediction(id)
	if err != nil {
		return "", err
	}
	entries, _, err := j.Read()
	if err != nil {
		return "", err
	}
	f := FiguresOf(entries, s.ID)
	answer := f.answerOf(q)
	if q.Answer.SQL != "" {
		if answer, err = oneValue(ctx, sub, engine.RunQuery{SQL: inWorkspace(ws, q.Answer.SQL), Backend: backendOr(q.Answer.Backend), Limit: 1}); err != nil {
			return "", err
		}
	}
	p, guessed := f.Predictions[id]
	if answer == "" || !guessed || p.Answer == answer {
		return answer, nil
	}
	p.Answer = answer
	return answer, j.Append(Entry{Type: PredictedType, Session: s.ID, Predicted: &p})
}

func (s *Session) prediction(id string) (Prediction, error) {
	ids := make([]string, len(s.Predictions))
	for i, q := range s.Predictions {
		if q.ID == id {
			return q, nil
		}
		ids[i] = q.ID
	}
	return Prediction{}, &engine.Error{Kind: engine.Usage, What: "session " + s.ID + " has no prediction " + quoted(id), Next: haveThese("its predictions are ", ids, "it has none")}
}

// oneValue is the first value that a query gives.
func oneValue(ctx context.Context, sub engine.Submitter, q engine.RunQuery) (string, error) {
	value, found := "", false
	err := follow(ctx, sub, q, func(ev engine.Event) error {
		if r, ok := ev.(engine.ResultRows); ok && !found && len(r.Rows) > 0 && len(r.Rows[0]) > 0 {
			value, found = inert(r.Rows[0][0].Text, keptText), true
			if r.Rows[0][0].Null {
				value = "NULL"
			}
		}
		return nil
	})
	return value, err
}

// inert makes a text safe to show and to keep: one line without control characters, at most max runes.
func inert(s string, max int) string {
	n := 0
	var b strings.Builder
	for _, r := range s {
		if n == max {
			b.WriteRune('…')
			break
		}
		n++
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			b.WriteByte(' ')
		case r < 0x20 || r >= 0x7f && r < 0xa0:
			b.WriteRune('\ufffd')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
