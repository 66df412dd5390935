package keys

// Intent is what a pane asks of the shell when an action reaches beyond the pane itself. It is sealed.
type Intent interface{ intent() }

// OpenSession asks for a session to be opened.
type OpenSession struct{ ID string }

// RunLab asks for a lab of the open session to be run. An empty Lab means the next one that is due.
type RunLab struct{ Lab string }

// Verify asks for the open session's criteria to be checked.
type Verify struct{}

// CancelJob asks for a running job to be cancelled.
type CancelJob struct{ Job int64 }

// Copy asks for text to be put on the clipboard. What names it for the confirmation.
type Copy struct{ What, Text string }

// Visit asks for another pane to get the focus.
type Visit struct{ Place Place }

// Answer is a guess at a prediction of the open session.
type Answer struct{ Prediction, Guess string }

// RunSQL asks for SQL to be run on a backend ("postgres", "duckdb"), and its last result to be kept open.
type RunSQL struct{ SQL, Backend string }

// FetchRows asks for a part of the open result of the SQL pane. Seq comes back with the answer.
type FetchRows struct {
	First, Count int64
	Seq          uint64
}

// ExportSQL asks for a statement's result to be written to a file. Format is csv, jsonl or parquet. A file
// that is there is left alone unless Replace is set.
type ExportSQL struct {
	SQL, Backend, Format, Path string
	Replace                    bool
}

// ShowKeys asks for the keys of the place that the pane is in.
type ShowKeys struct{}

// Refresh asks for what a pane shows to be looked up anew.
type Refresh struct{ Place Place }

// StartBackend and StopBackend ask for the workspace's own backend to be started or stopped. The pane has
// asked the person before something is stopped.
type (
	StartBackend struct{ Backend string }
	StopBackend  struct{ Backend string }
)

// SampleTable asks for the first rows of a table.
type SampleTable struct{ Backend, Schema, Name string }

func (StartBackend) intent() {}
func (StopBackend) intent()  {}
func (SampleTable) intent()  {}
func (Answer) intent()       {}
func (RunSQL) intent()       {}
func (FetchRows) intent()    {}
func (ExportSQL) intent()    {}
func (Refresh) intent()      {}
func (ShowKeys) intent()     {}
func (OpenSession) intent()  {}
func (RunLab) intent()       {}
func (Verify) intent()       {}
func (CancelJob) intent()    {}
func (Copy) intent()         {}
func (Visit) intent()        {}
