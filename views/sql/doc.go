// Package sql is the pane in which a person asks a database: an editor for SQL with history and
// completion above, the rows of the last result below. The rows stay where they are; the pane asks for
// the part that is looked at and keeps no more than a few windows of it.
package sql
