// Package progress is the pane of what has been done: sessions, weeks and phases with what is proven, the
// minutes planned and spent, the days worked, the last proofs, and what comes next.
package progress
