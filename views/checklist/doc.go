// Package checklist is the pane of a session's criteria: what each asks, what was observed, and what to
// look at next where it does not hold. A tick comes from evidence, or says that it is self-reported.
package checklist
