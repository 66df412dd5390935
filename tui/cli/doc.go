// Package cli is Pipewright's command line: it builds the same requests as the shell, submits them to the
// lab, and prints what comes back.
//
// Results go to standard output, narration and progress to standard error. With --json there is exactly
// one JSON document on standard output, and nothing else there; a failure is one too:
//
//	{"error":{"kind":"failed","what":"…","where":"…","next":"…"}}
//
// with "sql", "position" and "sqlstate" beside them when a statement was wrong. A result that was already
// on its way when its job failed is closed as a valid document that holds "error" as well. Exit codes: 0
// done, 1 the work failed, 2 usage, 3 a backend is not there, 130 interrupted.
//
// To add a command: one function that makes it, and one row in the table of root.go.
package cli
