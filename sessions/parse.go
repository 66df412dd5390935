package sessions

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"pipewright/engine/check"
)

// maxFrontMatter is far above any real one.
const maxFrontMatter = 256 << 10

// ParseError is what is wrong with a session.md, and on which line.
type ParseError struct {
	File string
	Line int // the first is 1; 0 when the whole file is meant
	What string
}

// Error gives "file:line: what".
func (e *ParseError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.What
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.What)
}

// Parse reads a session.md. name is for messages. It checks everything that can be known from the text
// alone; the errors are *ParseError, joined when there are several.
func Parse(name string, data []byte) (s *Session, err error) {
	defer func() {
		// the YAML library is not ours; whatever it does with hostile input stays here
		if r := recover(); r != nil {
			s, err = nil, &ParseError{File: name, What: fmt.Sprintf("the front matter cannot be read (%v)", r)}
		}
	}()
	front, prose, line, err := split(name, data)
	if err != nil {
		return nil, err
	}
	s = &Session{}
	if err := decode(name, front, s); err != nil {
		return nil, err
	}
	s.Screens, err = screens(name, prose, line)
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, what := range s.problems() {
		problems = append(problems, &ParseError{File: name, What: what})
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return s, nil
}

// split parts a file into front matter and prose; the front matter keeps its line numbers by an empty
// first line in place of the fence.
func split(name string, data []byte) (front []byte, prose string, proseLine int, err error) {
	data = bytes.ReplaceAll(bytes.TrimPrefix(data, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
	rest, ok := bytes.CutPrefix(data, []byte("---\n"))
	if !ok {
		return nil, "", 0, &ParseError{File: name, Line: 1, What: "the file must begin with a line ---, then front matter"}
	}
	front, after, ok := bytes.Cut(rest, []byte("\n---\n"))
	if !ok {
		return nil, "", 0, &ParseError{File: name, What: "the front matter is never closed by a line ---"}
	}
	if len(front) > maxFrontMatter {
		return nil, "", 0, &ParseError{File: name, What: fmt.Sprintf("the front matter is longer than %d bytes", maxFrontMatter)}
	}
	return append([]byte("\n"), front...), string(after), 3 + bytes.Count(front, []byte("\n")) + 1, nil
}

func decode(name string, front []byte, into *Session) error {
	depth, deepest := 0, 0
	for _, t := range lexer.Tokenize(string(front)) {
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			// they can multiply a few bytes into gigabytes, and no session needs them
			return &ParseError{File: name, Line: t.Position.Line, What: "anchors and aliases are not used here"}
		case token.MappingStartType, token.SequenceStartType:
			depth++
			deepest = max(deepest, depth)
		case token.MappingEndType, token.SequenceEndType:
			depth--
		}
		if deepest > 50 || t.Position.Column > 1000 && t.Position.IndentNum > 200 {
			return &ParseError{File: name, Line: t.Position.Line, What: "nested too deep"}
		}
	}
	err := yaml.UnmarshalWithOptions(front, into, yaml.Strict())
	if err == nil {
		return nil
	}
	var ye yaml.Error
	if errors.As(err, &ye) {
		e := &ParseError{File: name, What: ye.GetMessage()}
		if t := ye.GetToken(); t != nil && t.Position != nil {
			e.Line = t.Position.Line
		}
		return e
	}
	return &ParseError{File: name, What: err.Error()}
}

// heading opens a screen: "## Exercise: What a bad row costs".
var heading = regexp.MustCompile(`^## +([A-Za-z-]+): +(\S.*)$`)

// screens cuts the prose at its headings.
func screens(name, prose string, line int) ([]Screen, error) {
	var out []Screen
	var body []string
	fenced, last := false, 0
	closeScreen := func() {
		if len(out) > 0 {
			out[len(out)-1].Text = strings.Trim(strings.Join(body, "\n"), "\n")
		}
		body = nil
	}
	for i, text := range strings.Split(prose, "\n") {
		if strings.HasPrefix(text, "```") {
			fenced = !fenced
		}
		if fenced || !strings.HasPrefix(text, "## ") {
			if len(out) == 0 && strings.TrimSpace(text) != "" {
				return nil, &ParseError{File: name, Line: line + i, What: "prose before the first heading"}
			}
			body = append(body, text)
			continue
		}
		m := heading.FindStringSubmatch(text)
		if m == nil {
			return nil, &ParseError{File: name, Line: line + i, What: "a heading is ## Step: Title, such as ## Concept: What a bad row costs"}
		}
		step := strings.ToLower(m[1])
		at := slices.Index(Steps, step)
		if at < 0 {
			return nil, &ParseError{File: name, Line: line + i, What: fmt.Sprintf("unknown step %q: the steps are %s", m[1], strings.Join(Steps, ", "))}
		}
		if at < last {
			return nil, &ParseError{File: name, Line: line + i, What: fmt.Sprintf("step %s comes after step %s", step, Steps[last])}
		}
		last = at
		closeScreen()
		out = append(out, Screen{Step: step, Title: strings.TrimSpace(m[2]), Line: line + i})
	}
	if fenced {
		return nil, &ParseError{File: name, What: "a code block is never closed"}
	}
	closeScreen()
	return out, nil
}

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

// helpProblems checks predictions, hints, quiz and wrong answers.
func (s *Session) helpProblems() []string {
	var p []string
	add := func(format string, args ...any) { p = append(p, fmt.Sprintf(format, args...)) }
	for _, q := range s.Predictions {
		if q.Question == "" || !slices.Contains(Steps, q.Step) {
			add("prediction %s needs a question and one of the five steps", q.ID)
		}
		if q.Kind != "number" && q.Kind != "text" && q.Kind != "choice" || (q.Kind == "choice") != (len(q.Choices) > 1) {
			add("prediction %s: kind is number, text or choice; a choice has choices", q.ID)
		}
		if (q.Answer.Lab == "") == (q.Answer.SQL == "") {
			add("prediction %s: the answer comes from a lab's field or from sql", q.ID)
		} else if l, err := s.lab(q.Answer.Lab); q.Answer.Lab != "" && (err != nil || !l.hasField(q.Answer.Field)) {
			add("prediction %s: lab %s has no field %q", q.ID, q.Answer.Lab, q.Answer.Field)
		}
		p = append(p, backendProblems("prediction "+q.ID, string(q.Answer.Backend))...)
	}
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
	case a.Solution && strings.HasPrefix(where, "solution"):
		return []string{where + ": the solution cannot contain itself"}
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
