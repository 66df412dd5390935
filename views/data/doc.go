// Package data is the pane of what the databases hold: the tables of each backend with their columns,
// sizes and row counts, and the first rows of the table that is looked into.
package data
