// Package doctor is the pane of the backends: what each is, where it is, with which settings it runs, and
// how to mend it; and the place from which PostgreSQL is started and stopped.
package doctor
