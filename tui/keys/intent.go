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

func (OpenSession) intent() {}
func (RunLab) intent()      {}
func (Verify) intent()      {}
func (CancelJob) intent()   {}
func (Copy) intent()        {}
func (Visit) intent()       {}
