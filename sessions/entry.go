package sessions

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"pipewright/engine"
)

// Version is the version of the journal's entries that this package writes.
const Version = 1

// EntryType says what happened.
type EntryType string

// The types of entry.
const (
	SessionOpened EntryType = "session_opened"
	StepTimedType EntryType = "step_timed"
	LabRanType    EntryType = "lab_ran"
	CheckRanType  EntryType = "check_ran"
	HintShownType EntryType = "hint_shown"
	SelfTickType  EntryType = "self_ticked"
	PredictedType EntryType = "predicted"
)

// Entry is one line of the journal. Its type says which of the pointers is set.
type Entry struct {
	V       int       `json:"v"`
	At      time.Time `json:"at"`
	Type    EntryType `json:"type"`
	Session string    `json:"session"`

	Step      *StepTimed  `json:"step,omitempty"`
	Lab       *LabRan     `json:"lab,omitempty"`
	Check     *CheckRan   `json:"check,omitempty"`
	Hint      *HintShown  `json:"hint,omitempty"`
	Tick      *SelfTicked `json:"tick,omitempty"`
	Predicted *Predicted  `json:"predicted,omitempty"`
}

// StepTimed is time that was spent on a step: many entries of one step add up.
type StepTimed struct {
	Step    string  `json:"step"`
	Seconds float64 `json:"seconds"`
}

// LabRan is a lab that ran to its end: a load or a query.
type LabRan struct {
	Lab   string       `json:"lab"`
	Load  *LoadResult  `json:"load,omitempty"`
	Query *QueryResult `json:"query,omitempty"`
}

// LoadResult is an engine.Loaded as the journal keeps it, without its sample of rows.
type LoadResult struct {
	Backend       string           `json:"backend"`
	Table         string           `json:"table"`
	Source        string           `json:"source"`
	Schema        string           `json:"schema"`
	Mode          string           `json:"mode"`
	Dialect       string           `json:"dialect,omitempty"`
	Digest        string           `json:"sha256,omitempty"`
	RowsRead      int64            `json:"rows_read"`
	Accepted      int64            `json:"accepted"`
	Rejected      int64            `json:"rejected"`
	Duplicates    int64            `json:"duplicates"`
	Bytes         int64            `json:"bytes"`
	Seconds       float64          `json:"seconds"`
	RowsPerSecond float64          `json:"rows_per_second"`
	Quarantine    string           `json:"quarantine,omitempty"`
	Reasons       map[string]int64 `json:"reasons,omitempty"`
}

// QueryResult is what a query lab gave: its size and its first rows as text.
type QueryResult struct {
	Columns  []string   `json:"columns,omitempty"`
	Rows     [][]string `json:"rows,omitempty"` // the first ones
	RowCount int64      `json:"row_count"`
	Exported string     `json:"exported,omitempty"`
	Seconds  float64    `json:"seconds"`
}

// CheckRan is the evidence of one criterion.
type CheckRan struct {
	Criterion string  `json:"criterion"`
	Title     string  `json:"title"`
	Passed    bool    `json:"passed"`
	Observed  string  `json:"observed"`
	Expected  string  `json:"expected"`
	Cause     string  `json:"cause,omitempty"`
	Next      string  `json:"next,omitempty"`
	On        string  `json:"on"`
	Seconds   float64 `json:"seconds"`
	Error     string  `json:"error,omitempty"` // it could not be carried out: neither passed nor failed
}

// HintShown is a rung of a hint that was looked at, from 1.
type HintShown struct {
	Criterion string `json:"criterion"`
	Rung      int    `json:"rung"`
}

// SelfTicked is a criterion that the learner ticked, or unticked, without a check.
type SelfTicked struct {
	Criterion string `json:"criterion"`
	On        bool   `json:"on"`
}

// Predicted is a guess, and the answer as soon as it is known.
type Predicted struct {
	Prediction string `json:"prediction"`
	Guess      string `json:"guess"`
	Answer     string `json:"answer,omitempty"`
}

// Opened is the entry of a session that was opened.
func Opened(session string) Entry { return Entry{Type: SessionOpened, Session: session} }

// Timed is the entry of time spent on a step.
func Timed(session, step string, d time.Duration) Entry {
	return Entry{Type: StepTimedType, Session: session, Step: &StepTimed{Step: step, Seconds: d.Seconds()}}
}

func checked(session string, e engine.Evidence) Entry {
	c := &CheckRan{Criterion: e.Criterion, Title: e.Title, Passed: e.Passed && e.Err == nil, Observed: e.Observed, Expected: e.Expected,
		Cause: e.Cause, Next: e.Next, On: e.On, Seconds: e.Elapsed.Seconds()}
	if e.Err != nil {
		c.Error = e.Err.Error()
	}
	return Entry{At: e.At, Type: CheckRanType, Session: session, Check: c}
}

func (c *CheckRan) engine(at time.Time) engine.Evidence {
	e := engine.Evidence{Criterion: c.Criterion, Title: c.Title, Passed: c.Passed, Observed: c.Observed, Expected: c.Expected, Cause: c.Cause,
		Next: c.Next, On: c.On, At: at, Elapsed: seconds(c.Seconds)}
	if c.Error != "" {
		e.Err = &engine.Error{Kind: engine.Unavailable, What: c.Error}
	}
	return e
}

func loadRan(session, lab string, l engine.Loaded) Entry {
	return Entry{At: l.At, Type: LabRanType, Session: session, Lab: &LabRan{Lab: lab, Load: &LoadResult{
		Backend: string(l.Backend), Table: l.Table, Source: l.Source, Schema: l.Schema, Mode: string(l.Mode), Dialect: l.Dialect, Digest: l.Digest,
		RowsRead: l.RowsRead, Accepted: l.Accepted, Rejected: l.Rejected, Duplicates: l.Duplicates, Bytes: l.Bytes,
		Seconds: l.Elapsed.Seconds(), RowsPerSecond: l.RowsPerSecond, Quarantine: l.Quarantine, Reasons: l.Reasons,
	}}}
}

func (l *LoadResult) engine(at time.Time) engine.Loaded {
	return engine.Loaded{Backend: engine.Backend(l.Backend), Table: l.Table, Source: l.Source, Schema: l.Schema, Mode: engine.Mode(l.Mode),
		Dialect: l.Dialect, Digest: l.Digest, RowsRead: l.RowsRead, Accepted: l.Accepted, Rejected: l.Rejected, Duplicates: l.Duplicates,
		Bytes: l.Bytes, Elapsed: seconds(l.Seconds), RowsPerSecond: l.RowsPerSecond, Quarantine: l.Quarantine, Reasons: l.Reasons, At: at}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func (r QueryResult) field(name string) string {
	switch name {
	case "value":
		if len(r.Rows) > 0 && len(r.Rows[0]) > 0 {
			return r.Rows[0][0]
		}
	case "row_count":
		return fmt.Sprint(r.RowCount)
	case "seconds":
		return fmt.Sprintf("%.3g", r.Seconds)
	}
	return NotYet
}

// valid says what is wrong with an entry as data. An entry of a newer version or an unknown type is not
// wrong: it was written by a newer Pipewright, is kept, and means nothing here.
func (e Entry) valid() error {
	if e.V < 1 {
		return errors.New("it has no version")
	}
	if e.V > Version {
		return nil
	}
	if e.At.IsZero() || e.Type == "" {
		return errors.New("it has no time or no type")
	}
	need := map[EntryType]bool{
		SessionOpened: e.Session != "", StepTimedType: e.Step != nil, LabRanType: e.Lab != nil, CheckRanType: e.Check != nil,
		HintShownType: e.Hint != nil, SelfTickType: e.Tick != nil, PredictedType: e.Predicted != nil,
	}
	if has, known := need[e.Type]; known && !has {
		return fmt.Errorf("its type is %s and it has none", e.Type)
	}
	return nil
}

// known says whether this version understands the entry.
func (e Entry) known() bool { return e.V == Version }

func decodeEntry(line []byte) (Entry, error) {
	var head struct {
		V int `json:"v"`
	}
	if err := json.Unmarshal(line, &head); err != nil {
		return Entry{}, errors.New("it is not a whole entry")
	}
	if head.V > Version {
		return Entry{V: head.V}, nil // its fields may mean anything
	}
	var e Entry
	if err := json.Unmarshal(line, &e); err != nil {
		return Entry{}, errors.New("it is not a whole entry")
	}
	return e, e.valid()
}
