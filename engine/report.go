package engine

// Report is one event together with the job that it comes from: what a front end hands to its views.
type Report struct {
	Job     JobID
	Request Request
	Event   Event
}
