// Package result is the pane of a query's result: what was asked, the rows that came first, and how many
// there are.
package result
