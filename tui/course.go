package tui

import (
	"context"
	"time"

	"pipewright/engine"
	"pipewright/views/checklist"
	"pipewright/views/curriculum"
	"pipewright/views/lesson"
	"pipewright/views/load"
)

// Course is what the shell needs of the curriculum and of the learner's progress. Its methods may read
// and write files and wait for jobs, and are called from commands only.
type Course interface {
	// Outline is the curriculum with what is done.
	Outline() (curriculum.Outline, error)
	// Start opens a session: it makes its files where they are missing, and records that it was opened.
	Start(ctx context.Context, id string) (*Opened, error)
	// Read reads a session again: its text holds figures of the learner's own runs.
	Read(id string) (*Opened, error)
	// RunLab runs a lab to its end and records its result. Each is told what is said before the job
	// begins.
	RunLab(ctx context.Context, to engine.Submitter, session, lab string, each func(engine.Event)) error
	// Evaluate checks a session's criteria, records the evidence and writes the progress file anew. Each
	// is told of evidence that has been recorded.
	Evaluate(ctx context.Context, to engine.Submitter, session string, each func(engine.Event)) error
	// Answer records a prediction's guess.
	Answer(session, prediction, guess string) error
	// Reveal looks for the answers of the guesses that have none.
	Reveal(ctx context.Context, to engine.Submitter, session string)
	// Spent records time spent on a step.
	Spent(session, step string, d time.Duration) error
	// Settle writes the progress file from all that has been recorded.
	Settle() error
}

// Opened is an open session in the words of the panes.
type Opened struct {
	ID      string
	Title   string
	Week    int
	Minutes int           // planned
	Spent   time.Duration // in earlier sittings
	Labs    []Lab
	Lesson  lesson.Lesson
	List    checklist.List
	Last    *load.Last // the latest result of its load, nil when there is none
}

// Lab is one lab of an open session.
type Lab struct {
	ID    string
	Title string
	Done  bool // it has been recorded
}

// due is the lab that is to be run next: the first that was not recorded, else the first.
func (o *Opened) due() (Lab, bool) {
	if o == nil || len(o.Labs) == 0 {
		return Lab{}, false
	}
	for _, l := range o.Labs {
		if !l.Done {
			return l, true
		}
	}
	return o.Labs[0], true
}
