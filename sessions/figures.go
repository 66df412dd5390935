package sessions

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"pipewright/engine"
)

// NotYet stands in a lesson where a figure of a run belongs that has not been made.
const NotYet = "(not run yet)"

// Figures are the learner's own numbers for one session: the latest of each.
type Figures struct {
	Evidence    map[string]engine.Evidence // by criterion
	Loads       map[string]engine.Loaded   // by lab
	Results     map[string]QueryResult     // by lab
	Predictions map[string]Predicted       // by prediction
}

// FiguresOf collects a session's figures from the journal's entries.
func FiguresOf(entries []Entry, session string) Figures {
	f := Figures{Evidence: map[string]engine.Evidence{}, Loads: map[string]engine.Loaded{}, Results: map[string]QueryResult{}, Predictions: map[string]Predicted{}}
	for _, e := range entries {
		if e.Session != session {
			continue
		}
		switch {
		case e.Check != nil:
			f.Evidence[e.Check.Criterion] = e.Check.engine(e.At)
		case e.Lab != nil && e.Lab.Load != nil:
			f.Loads[e.Lab.Lab] = e.Lab.Load.engine(e.At)
		case e.Lab != nil && e.Lab.Query != nil:
			f.Results[e.Lab.Lab] = *e.Lab.Query
		case e.Predicted != nil:
			f.Predictions[e.Predicted.Prediction] = *e.Predicted
		}
	}
	return f
}

// figure is a place in the prose for a number: {{ loads.load.rejected }}.
var figure = regexp.MustCompile(`\{\{\s*([a-z0-9_.]*)\s*\}\}`)

// loadFields are the fields of a load that prose and predictions may name.
var loadFields = []string{"rows_read", "accepted", "rejected", "duplicates", "set_aside", "table", "source", "schema", "mode", "dialect", "backend",
	"seconds", "rows_per_second", "bytes", "quarantine", "reasons", "reason_count"}

// resultFields are the fields of a query's result, evidenceFields those of a criterion's evidence.
var (
	resultFields   = []string{"value", "row_count", "seconds"}
	evidenceFields = []string{"observed", "expected", "on", "at"}
)

func (l Lab) hasField(field string) bool {
	if l.Load != nil {
		return slices.Contains(loadFields, field)
	}
	return slices.Contains(resultFields, field)
}

// Fill puts the figures into a lesson's text. What was not run yet is NotYet. A figure of several lines
// keeps the indentation of its place.
func (f Figures) Fill(s *Session, text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		lines[i] = figure.ReplaceAllStringFunc(line, func(m string) string {
			return strings.ReplaceAll(f.value(s, figure.FindStringSubmatch(m)[1]), "\n", "\n"+indent)
		})
	}
	return strings.Join(lines, "\n")
}

// value is the figure at a path such as loads.load.rejected.
func (f Figures) value(s *Session, path string) string {
	parts := strings.Split(path, ".")
	for len(parts) < 3 {
		parts = append(parts, "")
	}
	switch parts[0] {
	case "evidence":
		if e, ok := f.Evidence[parts[1]]; ok {
			return evidenceField(e, parts[2])
		}
	case "loads":
		if l, ok := f.Loads[parts[1]]; ok {
			return loadField(l, parts[2])
		}
	case "results":
		if r, ok := f.Results[parts[1]]; ok {
			return r.field(parts[2])
		}
	case "ask":
		return f.ask(s, parts[1])
	}
	return NotYet
}

// ask is a prediction in the lesson: its question with a blank, then with the guess, then with the
// guess beside the answer.
func (f Figures) ask(s *Session, id string) string {
	for _, q := range s.Predictions {
		if q.ID != id {
			continue
		}
		text := "? " + q.Question
		if q.Kind == "choice" {
			text += "  (" + strings.Join(q.Choices, " / ") + ")"
		}
		p, ok := f.Predictions[id]
		answer := p.Answer
		if answer == "" && q.Answer.Lab != "" {
			answer = f.answerOf(q)
		}
		switch {
		case !ok:
			return text + "  ____"
		case answer == "":
			return text + "  you say " + p.Guess
		}
		return text + "  you said " + p.Guess + ", it is " + answer
	}
	return NotYet
}

// answerOf is a prediction's answer as far as a recorded lab knows it, else empty.
func (f Figures) answerOf(q Prediction) string {
	if l, ok := f.Loads[q.Answer.Lab]; ok {
		return loadField(l, q.Answer.Field)
	}
	if r, ok := f.Results[q.Answer.Lab]; ok {
		return r.field(q.Answer.Field)
	}
	return ""
}

func evidenceField(e engine.Evidence, field string) string {
	switch field {
	case "", "observed":
		return e.Observed
	case "expected":
		return e.Expected
	case "on":
		return e.On
	case "at":
		return stamp(e.At)
	}
	return NotYet
}

func loadField(l engine.Loaded, field string) string {
	switch field {
	case "rows_read":
		return fmt.Sprint(l.RowsRead)
	case "accepted":
		return fmt.Sprint(l.Accepted)
	case "rejected":
		return fmt.Sprint(l.Rejected)
	case "duplicates":
		return fmt.Sprint(l.Duplicates)
	case "set_aside":
		return fmt.Sprint(l.Rejected + l.Duplicates)
	case "table":
		return l.Table
	case "source":
		return l.Source
	case "schema":
		return l.Schema
	case "mode":
		return string(l.Mode)
	case "dialect":
		return l.Dialect
	case "backend":
		return string(l.Backend)
	case "seconds":
		return fmt.Sprintf("%.3g", l.Elapsed.Seconds())
	case "rows_per_second":
		return fmt.Sprintf("%.0f", l.RowsPerSecond)
	case "bytes":
		return fmt.Sprint(l.Bytes)
	case "quarantine":
		return l.Quarantine
	case "reasons":
		return reasonList(l.Reasons)
	case "reason_count":
		return fmt.Sprint(len(l.Reasons))
	}
	return NotYet
}

// reasonList is one reason a line, the most frequent first.
func reasonList(reasons map[string]int64) string {
	names := make([]string, 0, len(reasons))
	for r := range reasons {
		names = append(names, r)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(reasons[b], reasons[a]), strings.Compare(a, b))
	})
	lines := make([]string, len(names))
	for i, r := range names {
		lines[i] = fmt.Sprintf("%4d  %s", reasons[r], r)
	}
	return strings.Join(lines, "\n")
}

func stamp(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }

// figureProblems checks that every figure in the prose can exist.
func (s *Session) figureProblems() []string {
	var p []string
	for _, sc := range s.Screens {
		for _, m := range figure.FindAllStringSubmatch(sc.Text, -1) {
			if !s.hasFigure(m[1]) {
				p = append(p, fmt.Sprintf("line %d, screen %q: there is no figure {{ %s }}", sc.Line, sc.Title, m[1]))
			}
		}
	}
	return p
}

func (s *Session) hasFigure(path string) bool {
	parts := strings.Split(path, ".")
	if len(parts) < 2 || len(parts) > 3 {
		return false
	}
	switch parts[0] {
	case "ask":
		return len(parts) == 2 && slices.ContainsFunc(s.Predictions, func(q Prediction) bool { return q.ID == parts[1] })
	case "evidence":
		_, err := s.criterion(parts[1])
		return err == nil && (len(parts) == 2 || slices.Contains(evidenceFields, parts[2]))
	case "loads", "results":
		l, err := s.lab(parts[1])
		return err == nil && len(parts) == 3 && (l.Load != nil) == (parts[0] == "loads") && l.hasField(parts[2])
	}
	return false
}
