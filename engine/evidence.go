package engine

import "time"

// Criterion is one line of a checklist with the check that proves it. Kind picks the check in
// engine/check; Spec is that check's own data, decoded from the session's front matter.
type Criterion struct {
	ID    string
	Title string
	Kind  string
	Spec  map[string]any
	Cause string // the likely cause when it fails, in a line; the check may know a better one
	Next  string // the next step when it fails, in a line, without the answer
}

// Evidence is what a check observed.
type Evidence struct {
	Criterion string // id
	Title     string
	Passed    bool
	Observed  string
	Expected  string
	Cause     string // empty when passed
	Next      string // empty when passed
	On        string // on which data: "crm_dev.leads on postgres 18.3", "reports/leads.csv (sha256 3f2a…)"
	At        time.Time
	Elapsed   time.Duration
	// Err is set when the check could not be carried out at all (a backend is down): neither passed
	// nor failed.
	Err *Error
}
