package engine

import "strings"

// Kind sorts errors by what the caller can do about them.
type Kind string

// The kinds of error, and the exit code that each has on the command line.
const (
	Failed      Kind = "failed"      // the work failed: 1
	Usage       Kind = "usage"       // it was asked wrongly: 2
	Unavailable Kind = "unavailable" // a backend is not there; trying again may help: 3
	Interrupted Kind = "interrupted" // it was cancelled: 130
)

// ExitCode is the command line's exit code for the kind.
func (k Kind) ExitCode() int {
	switch k {
	case Usage:
		return 2
	case Unavailable:
		return 3
	case Interrupted:
		return 130
	default:
		return 1
	}
}

// Error is a failure told to a person: what, where and what to do next, each at most a sentence. It
// never holds a secret or a stack trace.
type Error struct {
	Kind  Kind
	What  string // "the quote that opens on line 3 is never closed"
	Where string // "data/leads.csv, line 3", or empty
	Next  string // "close it, or name another quote with --quote"
	// SQL errors only: the statement, the 1-based character offset in it, and the server's code.
	SQL      string
	Position int
	SQLState string
	// Err is the cause, for logs and errors.Is; it is not shown.
	Err error
}

// Error gives one line: what, where and what to do next.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Where != "" {
		b.WriteString(e.Where)
		b.WriteString(": ")
	}
	b.WriteString(e.What)
	if e.Next != "" {
		b.WriteString("; ")
		b.WriteString(e.Next)
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }
