package views

import (
	"encoding/json"

	"pipewright/tui/keys"
	"pipewright/tui/layout"
	"pipewright/tui/theme"
	"pipewright/views/checklist"
	"pipewright/views/curriculum"
	"pipewright/views/lesson"
	"pipewright/views/load"
	"pipewright/views/result"
	"pipewright/views/sql"
)

// Intent is what a pane asks of the shell.
type Intent = keys.Intent

// Pane is a view onto one value. It does no I/O and waits for nothing: facts are handed to it, and what
// it wants done it hands back.
type Pane interface {
	// Place is where keys have their meaning now: the pane's own, or a modal one while it takes text.
	Place() keys.Place
	// Title is what the pane's tab says.
	Title() string
	// Take takes a fact: an engine.Report, or a type of the pane's own. Facts that are not for it are
	// ignored.
	Take(fact any)
	// Can says whether an action would do something now.
	Can(id keys.ID) bool
	// Do carries out an action. What reaches beyond the pane comes back as an intent.
	Do(id keys.ID) Intent
	// Type takes a key, with its text if it has any, that no action has.
	Type(key, text string)
	// Wheel scrolls by a number of lines; Click takes a click at a cell of the pane.
	Wheel(lines int)
	Click(x, y int) Intent
	// Copy gives what copying in the pane copies, and what to call it; empty text when there is nothing.
	Copy() (what, text string)
	// Keep and Recall carry the reader's place from one run to the next.
	Keep() json.RawMessage
	Recall(json.RawMessage)
	// Draw gives exactly h lines of w cells.
	Draw(t *theme.Theme, w, h int, focused bool) []string
}

// Entry is one row of the catalogue.
type Entry struct {
	Place   keys.Place
	Name    string        // a word for people
	Region  layout.Region // where it stands on a wide screen
	Actions func() []keys.Action
	New     func() Pane
}

// Catalogue lists the panes in the order of their tabs.
func Catalogue() []Entry {
	return []Entry{
		{curriculum.Place, "sessions", layout.Tree, curriculum.Actions, func() Pane { return curriculum.New() }},
		{lesson.Place, "lesson", layout.Main, lesson.Actions, func() Pane { return lesson.New() }},
		{checklist.Place, "checklist", layout.Side, checklist.Actions, func() Pane { return checklist.New() }},
		{load.Place, "load", layout.Below, load.Actions, func() Pane { return load.New() }},
		{result.Place, "result", layout.Below, result.Actions, func() Pane { return result.New() }},
		{sql.Place, "SQL", layout.Below, sql.Actions, func() Pane { return sql.New() }},
	}
}

// Modal lists the places in which keys that work everywhere do not, because text is typed there.
func Modal() []keys.Place {
	return append([]keys.Place{curriculum.Typing, lesson.Typing}, sql.Modal()...)
}
