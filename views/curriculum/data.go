package curriculum

// Phase is one phase of the curriculum.
type Phase struct {
	Number int
	Title  string
	Weeks  []Week
}

// Week is one week of a phase.
type Week struct {
	Number   int
	Title    string
	Sessions []Session
}

// Session is one line of the tree.
type Session struct {
	ID      string
	Title   string
	Minutes int  // planned
	Written bool // it has a lesson and can be opened
	Passed  int  // criteria with evidence that they hold
	Total   int  // criteria
	Begun   bool
}

// Done says whether all that the session asks for is proven.
func (s Session) Done() bool { return s.Written && s.Total > 0 && s.Passed >= s.Total }

// Outline is all that the pane shows.
type Outline struct {
	Phases []Phase
	Open   string // id of the session that is open, or empty
}

func (w Week) done() (done, all int) {
	for _, s := range w.Sessions {
		if s.Done() {
			done++
		}
	}
	return done, len(w.Sessions)
}

func (p Phase) done() (done, all int) {
	for _, w := range p.Weeks {
		d, n := w.done()
		done, all = done+d, all+n
	}
	return done, all
}
