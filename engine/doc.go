// Package engine holds the vocabulary that every other room of Pipewright speaks: requests, jobs,
// events, errors, tables, rows and evidence. It has values and no behaviour beyond formatting them,
// and it imports the standard library alone.
//
// A front end (the shell or the command line) builds a [Request] and submits it to a [Submitter]; the
// [Job] that comes back is read with Next until its one [Ended] event. Progress is a latest-value
// mailbox; every other event is delivered exactly once, in order.
package engine
