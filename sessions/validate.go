package sessions

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"pipewright/engine/check"
)

// identifier is the form of ids, so that figures can name them.
var identifier = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// problems is everything that is wrong with the front matter as data.
func (s *Session) problems() []string {
	var p []string
	add := func(format string, args ...any) { p = append(p, fmt.Sprintf(format, args...)) }
	if s.ID == "" || s.Title == "" || s.Minutes <= 0 {
		add("id, title and minutes are needed")
	}
	sum := 0
	for _, step := range Steps {
		n := s.StepMinutes.Of(step)
		sum += n
		if n <= 0 {
			add("step %s has no minutes", step)
		}
		if len(s.ScreensOf(step)) == 0 {
			add("no prose for step %s", step)
		}
	}
	if sum != s.Minutes {
		add("the steps sum to %d minutes, the session has %d", sum, s.Minutes)
	}
	if len(s.Criteria) == 0 {
		add("no criteria: nothing would be proven")
	}
	p = append(p, s.idProblems()...)
	for _, f := range s.Files {
		if !inside(f.Path) || f.Kind == "" || f.Rows <= 0 {
			add("file %q needs a path inside the workspace, a kind and rows", f.Path)
		}
	}
	for _, l := range s.Labs {
		p = append(p, l.problems()...)
	}
	for _, c := range s.Criteria {
		p = append(p, s.criterionProblems(c)...)
	}
	for _, q := range s.Predictions {
		p = append(p, s.predictionProblems(q)...)
	}
	p = append(p, s.helpProblems()...)
	for i, a := range s.Solution {
		p = append(p, s.actionProblems(fmt.Sprintf("solution %d", i+1), a)...)
	}
	for _, w := range s.Wrong {
		for i, a := range w.Do {
			p = append(p, s.actionProblems(fmt.Sprintf("wrong %s %d", w.ID, i+1), a)...)
		}
	}
	return append(p, s.figureProblems()...)
}

// idProblems checks that ids are well formed and unique within their list.
func (s *Session) idProblems() []string {
	var p []string
	lists := []struct {
		noun string
		ids  []string
	}{{"lab", nil}, {"prediction", nil}, {"criterion", nil}, {"wrong answer", nil}}
	for _, l := range s.Labs {
		lists[0].ids = append(lists[0].ids, l.ID)
	}
	for _, q := range s.Predictions {
		lists[1].ids = append(lists[1].ids, q.ID)
	}
	for _, c := range s.Criteria {
		lists[2].ids = append(lists[2].ids, c.ID)
	}
	for _, w := range s.Wrong {
		lists[3].ids = append(lists[3].ids, w.ID)
	}
	for _, l := range lists {
		for i, id := range l.ids {
			if !identifier.MatchString(id) {
				p = append(p, fmt.Sprintf("%s id %q must be lower-case letters, digits and _", l.noun, id))
			}
			if slices.Contains(l.ids[:i], id) {
				p = append(p, fmt.Sprintf("%s %s is there twice", l.noun, id))
			}
		}
	}
	return p
}

func (l Lab) problems() []string {
	switch {
	case l.Title == "":
		return []string{"lab " + l.ID + " has no title"}
	case (l.Load == nil) == (l.Query == nil):
		return []string{"lab " + l.ID + " needs either load or query"}
	case l.Load != nil:
		return l.Load.problems("lab " + l.ID)
	}
	return l.Query.problems("lab " + l.ID)
}

func (l *LoadLab) problems(where string) []string {
	var p []string
	if !inside(l.File) || l.Table == "" || l.Schema == "" || l.Quarantine != "" && !inside(l.Quarantine) {
		p = append(p, where+": a load needs file, table and schema, and paths inside the workspace")
	}
	switch l.Mode {
	case "append", "replace", "upsert":
	default:
		p = append(p, where+": mode is append, replace or upsert")
	}
	return append(p, backendProblems(where, string(l.Backend))...)
}

func (q *QueryLab) problems(where string) []string {
	var p []string
	if strings.TrimSpace(q.SQL) == "" {
		p = append(p, where+": sql is missing")
	}
	if (q.Out == "") != (q.Format == "") || q.Out != "" && !inside(q.Out) {
		p = append(p, where+": out and format go together, and out is inside the workspace")
	}
	switch q.Format {
	case "", "csv", "jsonl", "parquet":
	default:
		p = append(p, where+": format is csv, jsonl or parquet")
	}
	if q.Limit < 0 {
		p = append(p, where+": limit must not be negative")
	}
	return append(p, backendProblems(where, string(q.Backend))...)
}

func backendProblems(where, b string) []string {
	if b == "" || b == "postgres" || b == "duckdb" {
		return nil
	}
	return []string{where + ": backend is postgres or duckdb"}
}

func (s *Session) criterionProblems(c Criterion) []string {
	var p []string
	where := "criterion " + c.ID
	if c.Title == "" || c.Cause == "" || c.Next == "" {
		p = append(p, where+" needs title, cause and next")
	}
	if err := check.Validate(c.Engine()); err != nil {
		return append(p, where+": "+err.Error())
	}
	if lab, ok := c.Expect["lab"].(string); ok && c.Kind == "load" {
		if l, err := s.lab(lab); err != nil || l.Load == nil {
			p = append(p, where+": no lab "+lab+" that loads")
		}
	}
	return p
}

// predictionProblems checks that a question can be asked, and answered from a run.
func (s *Session) predictionProblems(q Prediction) []string {
	var p []string
	add := func(format string, args ...any) { p = append(p, "prediction "+q.ID+": "+fmt.Sprintf(format, args...)) }
	if q.Question == "" || !slices.Contains(Steps, q.Step) {
		add("it needs a question and one of the five steps")
	}
	switch q.Kind {
	case "number", "text", "choice":
	default:
		add("kind is number, text or choice")
	}
	if (q.Kind == "choice") != (len(q.Choices) > 1) {
		add("a choice has choices, and nothing else has")
	}
	if (q.Answer.Lab == "") == (q.Answer.SQL == "") {
		add("the answer comes from a lab's field or from sql")
	} else if l, err := s.lab(q.Answer.Lab); q.Answer.Lab != "" && (err != nil || !l.hasField(q.Answer.Field)) {
		add("lab %s has no field %q", q.Answer.Lab, q.Answer.Field)
	}
	return append(p, backendProblems("prediction "+q.ID, string(q.Answer.Backend))...)
}

// helpProblems checks hints, quiz and wrong answers.
func (s *Session) helpProblems() []string {
	var p []string
	add := func(format string, args ...any) { p = append(p, fmt.Sprintf(format, args...)) }
	for _, h := range s.Hints {
		if _, err := s.criterion(h.Criterion); err != nil {
			add("a hint is for criterion %q, which does not exist", h.Criterion)
		}
		if len(h.Rungs) != 3 || slices.Contains(h.Rungs, "") {
			add("the hint for %s needs three rungs", h.Criterion)
		}
	}
	for _, q := range s.Quiz {
		if q.Question == "" || q.Why == "" || len(q.Choices) < 2 || !slices.Contains(q.Choices, q.Answer) {
			add("quiz %q needs a question, choices, an answer among them, and why", q.Question)
		}
	}
	for _, w := range s.Wrong {
		if w.Title == "" || len(w.Do) == 0 || len(w.Fails) == 0 {
			add("wrong answer %s needs a title, what is done, and what fails", w.ID)
		}
		for _, id := range w.Fails {
			if _, err := s.criterion(id); err != nil {
				add("wrong answer %s fails criterion %q, which does not exist", w.ID, id)
			}
		}
	}
	return p
}

// actionProblems checks that exactly one thing is done, and that it can be.
func (s *Session) actionProblems(where string, a Action) []string {
	n := 0
	for _, set := range []bool{a.Solution, a.Lab != "", a.Load != nil, a.SQL != nil, a.Write != nil, a.Append != nil, a.Replace != nil, a.Remove != ""} {
		if set {
			n++
		}
	}
	if n != 1 {
		return []string{where + ": do exactly one of solution, lab, load, sql, write, append, replace, remove"}
	}
	paths := []string{}
	switch {
	case a.Solution:
		if strings.HasPrefix(where, "solution") {
			return []string{where + ": the solution cannot contain itself"}
		}
	case a.Lab != "":
		if _, err := s.lab(a.Lab); err != nil {
			return []string{where + ": no lab " + a.Lab}
		}
	case a.Load != nil:
		return a.Load.problems(where)
	case a.SQL != nil:
		return a.SQL.problems(where)
	case a.Write != nil:
		paths = append(paths, a.Write.Path)
	case a.Append != nil:
		paths = append(paths, a.Append.Path)
	case a.Replace != nil:
		paths = append(paths, a.Replace.Path)
		if a.Replace.Old == "" {
			return []string{where + ": replace needs old"}
		}
	case a.Remove != "":
		paths = append(paths, a.Remove)
	}
	for _, path := range paths {
		if !inside(path) {
			return []string{where + ": the path must be inside the workspace"}
		}
	}
	return nil
}
