package sessions

import (
	"io/fs"
	"time"

	"pipewright/engine"
)

// Steps are the five timed parts of a session, in order.
var Steps = []string{"review", "concept", "exercise", "challenge", "wrap-up"}

// Session is one session of the curriculum. The first fields come from the catalogue; the others are
// the front matter and prose of its session.md, and empty when it has no content.
type Session struct {
	ID      string `yaml:"id"`
	Title   string `yaml:"title"`
	Minutes int    `yaml:"minutes"`
	Phase   int    `yaml:"-"`
	Week    int    `yaml:"-"`
	Project bool   `yaml:"-"` // a mini-project

	Concepts    []string     `yaml:"concepts"`
	Tasks       []string     `yaml:"tasks"`
	StepMinutes StepMinutes  `yaml:"steps"`
	Files       []File       `yaml:"files"` // fixtures made in the workspace
	Reset       []string     `yaml:"reset"` // tables that the session makes; dropped by author check between proofs
	Labs        []Lab        `yaml:"labs"`
	Predictions []Prediction `yaml:"predictions"`
	Criteria    []Criterion  `yaml:"criteria"`
	Hints       []Hint       `yaml:"hints"`
	Quiz        []Question   `yaml:"quiz"`
	Solution    []Action     `yaml:"solution"` // what to do so that every criterion holds
	Wrong       []Wrong      `yaml:"wrong"`    // plausible wrong answers, for author check

	Screens []Screen `yaml:"-"` // the prose, in order

	folder fs.FS // the session's own folder; nil without content
}

// StepMinutes is how long each step is meant to take. They sum to the session's minutes.
type StepMinutes struct {
	Review    int `yaml:"review"`
	Concept   int `yaml:"concept"`
	Exercise  int `yaml:"exercise"`
	Challenge int `yaml:"challenge"`
	WrapUp    int `yaml:"wrap-up"`
}

// Of gives the minutes of a step by its name, 0 for an unknown one.
func (m StepMinutes) Of(step string) int {
	switch step {
	case "review":
		return m.Review
	case "concept":
		return m.Concept
	case "exercise":
		return m.Exercise
	case "challenge":
		return m.Challenge
	case "wrap-up":
		return m.WrapUp
	}
	return 0
}

// Available says whether the session has content and can be opened.
func (s *Session) Available() bool { return s.folder != nil }

// File is a fixture that the session needs, made in the workspace when it is missing.
type File struct {
	Path   string `yaml:"path"` // from the workspace's folder
	Kind   string `yaml:"kind"`
	Rows   int64  `yaml:"rows"`
	Seed   uint64 `yaml:"seed"`
	Recipe string `yaml:"recipe"`
	Leads  int64  `yaml:"leads"`  // size of the set that the rows belong to; 0: what fixtures takes
	Offset int64  `yaml:"offset"` // leads before the file's first one
}

// Lab is something that the workbench runs for the session: a load or a query.
type Lab struct {
	ID    string    `yaml:"id"`
	Title string    `yaml:"title"`
	Load  *LoadLab  `yaml:"load"`
	Query *QueryLab `yaml:"query"`
}

// LoadLab is an engine.LoadCSV as data. Paths are from the workspace's folder.
type LoadLab struct {
	File       string         `yaml:"file"`
	Table      string         `yaml:"table"`
	Schema     string         `yaml:"schema"`
	Mode       engine.Mode    `yaml:"mode"`
	Quarantine string         `yaml:"quarantine"`
	Backend    engine.Backend `yaml:"backend"`
}

// QueryLab is an engine.RunQuery as data. In SQL {workspace} is the workspace's folder, as the inside of
// a SQL string; criteria and predictions have it too.
type QueryLab struct {
	SQL     string              `yaml:"sql"`
	Backend engine.Backend      `yaml:"backend"`
	Limit   int64               `yaml:"limit"`
	Out     string              `yaml:"out"` // from the workspace's folder
	Format  engine.ExportFormat `yaml:"format"`
}

// Prediction is a question asked before a run; its answer comes from the run.
type Prediction struct {
	ID       string   `yaml:"id"`
	Step     string   `yaml:"step"`
	Question string   `yaml:"question"`
	Kind     string   `yaml:"kind"` // number, text or choice
	Choices  []string `yaml:"choices"`
	Answer   Answer   `yaml:"answer"`
}

// Answer says where a prediction's answer comes from: a field of a lab's result (accepted,
// rejected …), or the single value of a query.
type Answer struct {
	Lab     string         `yaml:"lab"`
	Field   string         `yaml:"field"`
	SQL     string         `yaml:"sql"`
	Backend engine.Backend `yaml:"backend"`
}

// Criterion is one line of the checklist as the front matter has it.
type Criterion struct {
	ID     string         `yaml:"id"`
	Title  string         `yaml:"title"`
	Kind   string         `yaml:"kind"`
	Expect map[string]any `yaml:"expect"`
	Cause  string         `yaml:"cause"`
	Next   string         `yaml:"next"`
}

// Engine is the criterion as the engine checks it.
func (c Criterion) Engine() engine.Criterion {
	return engine.Criterion{ID: c.ID, Title: c.Title, Kind: c.Kind, Spec: c.Expect, Cause: c.Cause, Next: c.Next}
}

// Hint is three rungs towards one criterion: where to look, what is wrong, the shape of the mend.
type Hint struct {
	Criterion string   `yaml:"criterion"`
	Rungs     []string `yaml:"rungs"`
}

// Question is one of the wrap-up's quiz.
type Question struct {
	Question string   `yaml:"question"`
	Choices  []string `yaml:"choices"`
	Answer   string   `yaml:"answer"` // one of the choices
	Why      string   `yaml:"why"`
}

// Wrong is a plausible wrong answer: what somebody does instead, and the criteria that must notice.
type Wrong struct {
	ID    string   `yaml:"id"`
	Title string   `yaml:"title"`
	Fails []string `yaml:"fails"`
	Do    []Action `yaml:"do"`
}

// Action is one thing that a learner does: exactly one field is set.
type Action struct {
	Solution bool       `yaml:"solution"` // everything that the solution does
	Lab      string     `yaml:"lab"`      // run this lab
	Load     *LoadLab   `yaml:"load"`     // a load that is not a lab; it is recorded nowhere
	SQL      *QueryLab  `yaml:"sql"`      // run SQL, with or without an export
	Write    *WriteFile `yaml:"write"`    // write a text to a file
	Append   *WriteFile `yaml:"append"`   // add a text to a file
	Replace  *Replace   `yaml:"replace"`  // change a text in a file
	Remove   string     `yaml:"remove"`   // delete a file
}

// WriteFile is a text and the file that it goes to, from the workspace's folder.
type WriteFile struct {
	Path string `yaml:"path"`
	Text string `yaml:"text"`
}

// Replace changes every Old in a file into New.
type Replace struct {
	Path string `yaml:"path"`
	Old  string `yaml:"old"`
	New  string `yaml:"new"`
}

// Screen is one idea of a lesson.
type Screen struct {
	Step  string // one of Steps
	Title string
	Text  string // Markdown, with figures not yet filled in
	Line  int    // of its heading in session.md, the first is 1
}

// lab finds a lab by its id.
func (s *Session) lab(id string) (Lab, error) {
	ids := make([]string, len(s.Labs))
	for i, l := range s.Labs {
		if l.ID == id {
			return l, nil
		}
		ids[i] = l.ID
	}
	return Lab{}, &engine.Error{Kind: engine.Usage, What: "session " + s.ID + " has no lab " + quoted(id), Next: haveThese("its labs are ", ids, "it has none")}
}

// criterion finds a criterion by its id.
func (s *Session) criterion(id string) (Criterion, error) {
	ids := make([]string, len(s.Criteria))
	for i, c := range s.Criteria {
		if c.ID == id {
			return c, nil
		}
		ids[i] = c.ID
	}
	return Criterion{}, &engine.Error{Kind: engine.Usage, What: "session " + s.ID + " has no criterion " + quoted(id), Next: haveThese("its criteria are ", ids, "it has none")}
}

// ScreensOf gives the screens of one step.
func (s *Session) ScreensOf(step string) []Screen {
	var out []Screen
	for _, sc := range s.Screens {
		if sc.Step == step {
			out = append(out, sc)
		}
	}
	return out
}

// Duration is how long a step is meant to take.
func (s *Session) Duration(step string) time.Duration {
	return time.Duration(s.StepMinutes.Of(step)) * time.Minute
}
