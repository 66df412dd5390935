// Package jobs is the pane of everything that the engine was asked to do: what runs, what has ended and
// how, and for each job its log, its error in full and the command that does the same.
package jobs
