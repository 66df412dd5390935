package engine

import (
	"context"
	"time"
)

// JobID numbers the jobs of one process, from 1.
type JobID int64

// JobState is where a job is in its life.
type JobState string

// The states of a job. The last three are ends.
const (
	JobRunning    JobState = "running"
	JobCancelling JobState = "cancelling" // asked to stop; the server-side work is being ended
	JobDone       JobState = "done"
	JobFailed     JobState = "failed"
	JobCancelled  JobState = "cancelled"
)

// Ended says whether the state is an end.
func (s JobState) Ended() bool { return s == JobDone || s == JobFailed || s == JobCancelled }

// Job is a running request.
type Job interface {
	ID() JobID
	Request() Request
	// Next waits for the next event. It returns false when the job's end has been delivered or ctx is
	// done; a job has one reader.
	Next(ctx context.Context) (Event, bool)
	// Cancel asks the job to stop and returns at once. The end comes as an Ended event.
	Cancel()
	// Snapshot is the job as it is now, for lists and headers. It never waits.
	Snapshot() JobSnapshot
}

// JobSnapshot is one job at one moment.
type JobSnapshot struct {
	ID       JobID
	Title    string
	State    JobState
	Started  time.Time
	Ended    time.Time // zero while it runs
	Progress Progress
	Err      *Error
}

// Submitter takes requests. The lab is the one real implementation.
type Submitter interface {
	Submit(ctx context.Context, r Request) (Job, error)
}

// Event is what a job reports. It is sealed.
type Event interface{ event() }

// Started is the first event of each job.
type Started struct {
	Job   JobID
	Title string
	At    time.Time
}

// Progress is how far a job is. It is a latest-value event: one that nobody read in time is
// overwritten by the next.
type Progress struct {
	Stage      string  // "download", "initdb", "read", "copy", "export" …
	Done       int64   // in Unit
	Total      int64   // in Unit; 0 when unknown
	Unit       string  // "bytes", "rows", "criteria"
	Rows       int64   // rows read so far
	Accepted   int64   // rows sent to the table so far
	Rejected   int64   // rows quarantined so far
	Duplicates int64   // rows whose key was seen before, so far
	Rate       float64 // rows a second where rows are known, else Unit a second
	Elapsed    time.Duration
	Left       time.Duration // estimated time left; 0 when unknown
}

// Note is one sentence of narration: something was found, chosen or left out.
type Note struct{ Text string }

// Loaded is the result of a LoadCSV.
type Loaded struct {
	Backend       Backend
	Table         string // qualified as the backend prints it
	Source        string // the path that was given
	Schema        string
	Mode          Mode
	Dialect       string // in words: "comma, quoted with \", UTF-8, header, LF"
	Digest        string // SHA-256 of the source's decoded bytes, hex; empty when it was not needed
	RowsRead      int64
	Accepted      int64
	Rejected      int64
	Duplicates    int64
	Bytes         int64 // of the source as stored
	Elapsed       time.Duration
	RowsPerSecond float64
	Quarantine    string           // path, or empty when nothing was rejected
	Reasons       map[string]int64 // reason → rows; a row with two reasons counts in both
	Sample        []Reject         // the first rejected rows, at most 100
	At            time.Time
}

// Reject is one row that was not loaded.
type Reject struct {
	Row    int64 // data row, the first is 1
	Line   int64 // physical line on which the row begins, the first is 1
	Column string
	Value  string
	Reason string
	Record string // as it stood in the file
}

// ResultStart opens a result of a RunQuery. A text with several statements gives several.
type ResultStart struct {
	Statement int // 0-based
	SQL       string
	Columns   []Column // empty for a statement that returns no rows
}

// ResultOpen is the last result of a RunQuery with Scroll. The reader closes it.
type ResultOpen struct {
	Statement int // 0-based
	SQL       string
	Result    Result
	Elapsed   time.Duration // until its first rows could be had
}

// ResultRows is a batch of rows of the open result.
type ResultRows struct {
	Statement int
	First     int64 // index of the first row of the batch, from 0
	Rows      [][]Cell
}

// ResultEnd closes a result.
type ResultEnd struct {
	Statement int
	Tag       string // the command tag: "SELECT 5", "CREATE TABLE"
	RowCount  int64  // rows that the statement returned or changed
	Truncated bool   // Limit was reached and more rows exist
	Exported  string // path, when an Export was asked for
	Elapsed   time.Duration
}

// Diagnosis is the result of Diagnose.
type Diagnosis struct{ Backends []BackendStatus }

// BackendChanged is the result of StartBackend, StopBackend and ResetBackend.
type BackendChanged struct{ Status BackendStatus }

// Ended is the last event of each job.
type Ended struct {
	Job     JobID
	State   JobState
	Err     *Error // nil when done
	Elapsed time.Duration
	At      time.Time
}

func (Started) event()        {}
func (Progress) event()       {}
func (Note) event()           {}
func (Loaded) event()         {}
func (ResultStart) event()    {}
func (ResultOpen) event()     {}
func (ResultRows) event()     {}
func (ResultEnd) event()      {}
func (Evidence) event()       {}
func (Diagnosis) event()      {}
func (BackendChanged) event() {}
func (Ended) event()          {}
