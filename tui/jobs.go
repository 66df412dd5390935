package tui

import (
	"slices"

	"pipewright/engine"
)

// entry is one job that the shell has submitted.
type entry struct {
	errand errand
	job    engine.Job
	state  engine.JobState
	held   int // of a check: criteria that held
	asked  int // and criteria that were looked at
}

// jobTable holds the shell's jobs in the order of their submission, and the errands that are under way,
// which begin before their job and end after it.
type jobTable struct {
	list    []*entry
	errands []errand
}

// busy says whether a session's check (lab empty) or a lab of it is under way.
func (t *jobTable) busy(session, lab string) bool {
	return slices.ContainsFunc(t.errands, func(e errand) bool { return e.session == session && e.lab == lab })
}

// begin and over bracket an errand.
func (t *jobTable) begin(e errand) { t.errands = append(t.errands, e) }

func (t *jobTable) over(e errand) {
	t.errands = slices.DeleteFunc(t.errands, func(x errand) bool { return x == e })
}

func (t *jobTable) add(e errand, j engine.Job) {
	t.list = append(t.list, &entry{errand: e, job: j, state: engine.JobRunning})
	if len(t.list) > 100 { // the lab keeps the history; this is what the shell waits for
		t.list = slices.DeleteFunc(t.list, func(x *entry) bool { return x.state.Ended() })
	}
}

func (t *jobTable) find(id engine.JobID) *entry {
	for _, e := range t.list {
		if e.job.ID() == id {
			return e
		}
	}
	return nil
}

// running lists the jobs that have not ended, the latest last.
func (t *jobTable) running() []*entry {
	var out []*entry
	for _, e := range t.list {
		if !e.state.Ended() {
			out = append(out, e)
		}
	}
	return out
}

// latest is the job that began last of those that run and have not been asked to stop.
func (t *jobTable) latest() *entry {
	for _, e := range slices.Backward(t.list) {
		if e.state == engine.JobRunning {
			return e
		}
	}
	return nil
}
