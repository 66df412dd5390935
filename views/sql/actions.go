package sql

import "pipewright/tui/keys"

// The places of this pane: the rows, the editor, a line that is asked for, and one whole value. All but
// the first are modal.
const (
	Place   keys.Place = "sql"
	Editing keys.Place = "sql editor"
	Asking  keys.Place = "sql line"
	Value   keys.Place = "sql value"
)

// The pane's actions.
const (
	edit      keys.ID = "sql.edit"
	run       keys.ID = "sql.run"
	runAll    keys.ID = "sql.run-all"
	open      keys.ID = "sql.open"
	sortBy    keys.ID = "sql.sort"
	filter    keys.ID = "sql.filter"
	export    keys.ID = "sql.export"
	backend   keys.ID = "sql.backend"
	copyRow   keys.ID = "sql.copy-row"
	copyCol   keys.ID = "sql.copy-column"
	copyAll   keys.ID = "sql.copy-all"
	narrower  keys.ID = "sql.narrower"
	wider     keys.ID = "sql.wider"
	up        keys.ID = "sql.up"
	down      keys.ID = "sql.down"
	left      keys.ID = "sql.left"
	right     keys.ID = "sql.right"
	pageUp    keys.ID = "sql.page-up"
	pageDown  keys.ID = "sql.page-down"
	top       keys.ID = "sql.top"
	bottom    keys.ID = "sql.bottom"
	firstCol  keys.ID = "sql.first-column"
	lastCol   keys.ID = "sql.last-column"
	edRun     keys.ID = "sql-editor.run"
	edRunAll  keys.ID = "sql-editor.run-all"
	edLeave   keys.ID = "sql-editor.leave"
	edStop    keys.ID = "sql-editor.stop"
	edTab     keys.ID = "sql-editor.complete"
	edBackTab keys.ID = "sql-editor.complete-back"
	edBackend keys.ID = "sql-editor.backend"
	edOlder   keys.ID = "sql-editor.older"
	edNewer   keys.ID = "sql-editor.newer"
	edUndo    keys.ID = "sql-editor.undo"
	edRedo    keys.ID = "sql-editor.redo"
	edKeys    keys.ID = "sql-editor.keys"
	edCopy    keys.ID = "sql-editor.copy"
	edClear   keys.ID = "sql-editor.clear"
	edEnter   keys.ID = "sql-editor.newline"
	edUp      keys.ID = "sql-editor.up"
	edDown    keys.ID = "sql-editor.down"
	edLeft    keys.ID = "sql-editor.left"
	edRight   keys.ID = "sql-editor.right"
	edWordL   keys.ID = "sql-editor.word-left"
	edWordR   keys.ID = "sql-editor.word-right"
	edHome    keys.ID = "sql-editor.line-start"
	edEnd     keys.ID = "sql-editor.line-end"
	edTop     keys.ID = "sql-editor.text-start"
	edBottom  keys.ID = "sql-editor.text-end"
	edPageUp  keys.ID = "sql-editor.page-up"
	edPageDn  keys.ID = "sql-editor.page-down"
	edBack    keys.ID = "sql-editor.backspace"
	edDelete  keys.ID = "sql-editor.delete"
	edWordBk  keys.ID = "sql-editor.delete-word-before"
	edWordFw  keys.ID = "sql-editor.delete-word-after"
	edCutL    keys.ID = "sql-editor.delete-line-start"
	edCutR    keys.ID = "sql-editor.delete-line-end"
	askGive   keys.ID = "sql-line.give"
	askDrop   keys.ID = "sql-line.drop"
	valClose  keys.ID = "sql-value.close"
	valCopy   keys.ID = "sql-value.copy"
	valUp     keys.ID = "sql-value.up"
	valDown   keys.ID = "sql-value.down"
	valPageUp keys.ID = "sql-value.page-up"
	valPageDn keys.ID = "sql-value.page-down"
	valLeft   keys.ID = "sql-value.left"
	valRight  keys.ID = "sql-value.right"
)

// Modal lists the pane's places in which keys that work everywhere do not.
func Modal() []keys.Place { return []keys.Place{Editing, Asking, Value} }

// Actions is the pane's key table.
func Actions() []keys.Action {
	out := rowActions()
	out = append(out, editorActions()...)
	return append(out, overActions()...)
}

func rowActions() []keys.Action {
	const query, file = "pipewright query 'SQL'", "pipewright query 'SQL' --out reports/query.csv"
	const csv = "pipewright query 'SQL' --format csv"
	return []keys.Action{
		{ID: edit, Place: Place, Keys: []string{"i"}, Title: "write SQL", Help: "Write SQL in the editor; esc comes back to the rows.", Command: query, Foot: 1},
		{ID: run, Place: Place, Keys: []string{"f5", "ctrl+r", "ctrl+enter", "alt+enter"}, Title: "run", Help: "Run the statement that the editor's cursor is in.", Command: query, Foot: 2},
		{ID: open, Place: Place, Keys: []string{"enter"}, Title: "whole value", Help: "Show the whole value under the cursor; where there are no rows, write SQL.", Command: query, Foot: 3},
		{ID: sortBy, Place: Place, Keys: []string{"s"}, Title: "sort", Help: "Let the database sort by this column: upwards, again downwards, again as it was.", Command: "pipewright query 'select * from (SQL) as q order by 1 asc nulls last'", Foot: 3},
		{ID: filter, Place: Place, Keys: []string{"/"}, Title: "filter", Help: "Let the database keep the rows whose value in this column holds a text; again: all rows.", Command: "pipewright query \"select * from (SQL) as q where COLUMN::text ilike '%TEXT%'\"", Foot: 4},
		{ID: export, Place: Place, Keys: []string{"x"}, Title: "export", Help: "Write the whole result to a file: CSV, JSON lines or Parquet by its ending.", Command: file, Foot: 5},
		{ID: runAll, Place: Place, Keys: []string{"f6", "alt+x"}, Title: "run everything", Help: "Run every statement in the editor, one after the other.", Command: "pipewright query -f FILE"},
		{ID: backend, Place: Place, Keys: []string{"B", "f2", "ctrl+t"}, Title: "other backend", Help: "Ask the other backend: PostgreSQL or DuckDB.", Command: "pipewright query 'SQL' --backend duckdb"},
		{ID: copyRow, Place: Place, Keys: []string{"Y"}, Title: "copy the row", Help: "Copy the row under the cursor, tabs between its values; y copies the value.", Command: csv},
		{ID: copyCol, Place: Place, Keys: []string{"C"}, Title: "copy the column", Help: "Copy this column of the rows on screen, one value a line.", Command: csv},
		{ID: copyAll, Place: Place, Keys: []string{"A"}, Title: "copy what is shown", Help: "Copy the rows on screen with the names of their columns, tabs between the values.", Command: csv},
		{ID: narrower, Place: Place, Keys: []string{"<"}, Title: "narrower", Help: "Make this column narrower.", Command: query, Quiet: true},
		{ID: wider, Place: Place, Keys: []string{">"}, Title: "wider", Help: "Make this column wider.", Command: query, Quiet: true},
		{ID: up, Place: Place, Keys: []string{"up", "k"}, Title: "up", Help: "Move to the row above.", Command: query, Quiet: true},
		{ID: down, Place: Place, Keys: []string{"down", "j"}, Title: "down", Help: "Move to the row below.", Command: query, Quiet: true},
		{ID: left, Place: Place, Keys: []string{"left"}, Title: "left", Help: "Move to the column before.", Command: query, Quiet: true},
		{ID: right, Place: Place, Keys: []string{"right"}, Title: "right", Help: "Move to the column behind.", Command: query, Quiet: true},
		{ID: pageUp, Place: Place, Keys: []string{"pgup", "ctrl+b", "b"}, Title: "page up", Help: "Move up by a page of rows.", Command: query, Quiet: true},
		{ID: pageDown, Place: Place, Keys: []string{"space", "pgdown", "ctrl+f"}, Title: "page down", Help: "Move down by a page of rows.", Command: query, Quiet: true},
		{ID: top, Place: Place, Keys: []string{"home"}, Title: "first row", Help: "Move to the first row.", Command: query, Quiet: true},
		{ID: bottom, Place: Place, Keys: []string{"end"}, Title: "last row", Help: "Move to the last row; the database counts the rows for it.", Command: query, Quiet: true},
		{ID: firstCol, Place: Place, Keys: []string{"0"}, Title: "first column", Help: "Move to the first column.", Command: query, Quiet: true},
		{ID: lastCol, Place: Place, Keys: []string{"$"}, Title: "last column", Help: "Move to the last column.", Command: query, Quiet: true},
	}
}

func editorActions() []keys.Action {
	const query = "pipewright query 'SQL'"
	move := func(id keys.ID, title, help string, k ...string) keys.Action {
		return keys.Action{ID: id, Place: Editing, Keys: k, Title: title, Help: help, Command: query, Quiet: true}
	}
	return []keys.Action{
		{ID: edRun, Place: Editing, Keys: []string{"f5", "ctrl+r", "ctrl+enter", "alt+enter"}, Title: "run", Help: "Run the statement that the cursor is in.", Command: query, Foot: 2},
		{ID: edRunAll, Place: Editing, Keys: []string{"f6", "alt+x"}, Title: "run everything", Help: "Run every statement, one after the other.", Command: "pipewright query -f FILE", Foot: 5},
		{ID: edTab, Place: Editing, Keys: []string{"tab"}, Title: "complete", Help: "Complete the keyword, table or column before the cursor; on blank space, indent.", Command: query, Foot: 3},
		{ID: edLeave, Place: Editing, Keys: []string{"esc"}, Title: "to the rows", Help: "Leave the editor for the rows; what is written stays.", Command: query, Foot: 4},
		{ID: edStop, Place: Editing, Keys: []string{"ctrl+c"}, Title: "cancel", Help: "Cancel the query that runs; when none does, leave the editor.", Command: "pipewright query 'SQL'  # ctrl+c cancels it", Foot: 1},
		{ID: edBackend, Place: Editing, Keys: []string{"f2", "ctrl+t"}, Title: "other backend", Help: "Ask the other backend: PostgreSQL or DuckDB.", Command: "pipewright query 'SQL' --backend duckdb", Foot: 6},
		{ID: edOlder, Place: Editing, Keys: []string{"ctrl+up", "alt+up"}, Title: "older", Help: "Bring back what was run before; so does up on the first line.", Command: query, Foot: 7},
		{ID: edNewer, Place: Editing, Keys: []string{"ctrl+down", "alt+down"}, Title: "newer", Help: "Bring back what was run after it, at last what is being written.", Command: query},
		{ID: edUndo, Place: Editing, Keys: []string{"ctrl+z"}, Title: "undo", Help: "Undo the last change of the text.", Command: query},
		{ID: edRedo, Place: Editing, Keys: []string{"ctrl+y"}, Title: "redo", Help: "Do the undone change again.", Command: query},
		{ID: edKeys, Place: Editing, Keys: []string{"f1"}, Title: "keys", Help: "Show the keys of the editor.", Command: "pipewright help", Foot: 5},
		{ID: edCopy, Place: Editing, Keys: []string{"alt+c"}, Title: "copy the statement", Help: "Copy the statement that the cursor is in.", Command: query},
		{ID: edClear, Place: Editing, Keys: []string{"ctrl+l"}, Title: "empty the editor", Help: "Take out all of the text; undo brings it back.", Command: query},
		{ID: edBackTab, Place: Editing, Keys: []string{"shift+tab"}, Title: "choice before", Help: "Move to the completion before.", Command: query, Quiet: true},
		move(edEnter, "new line", "Begin a new line under the first word of this one.", "enter", "shift+enter", "ctrl+j"),
		move(edUp, "up", "Move up: in the completions where they are open, on the first line to what was run before.", "up", "ctrl+p"),
		move(edDown, "down", "Move down: in the completions where they are open, on the last line to what was run after it.", "down", "ctrl+n"),
		move(edLeft, "left", "Move to the character before.", "left", "ctrl+b"),
		move(edRight, "right", "Move to the character behind.", "right", "ctrl+f"),
		move(edWordL, "word left", "Move to the beginning of the word before.", "ctrl+left", "alt+left", "alt+b"),
		move(edWordR, "word right", "Move to the end of the word behind.", "ctrl+right", "alt+right", "alt+f"),
		move(edHome, "line's start", "Move to the beginning of the line.", "home", "ctrl+a"),
		move(edEnd, "line's end", "Move to the end of the line.", "end", "ctrl+e"),
		move(edTop, "text's start", "Move to the beginning of the text.", "ctrl+home"),
		move(edBottom, "text's end", "Move to the end of the text.", "ctrl+end"),
		move(edPageUp, "page up", "Move up by a page.", "pgup"),
		move(edPageDn, "page down", "Move down by a page.", "pgdown"),
		move(edBack, "delete before", "Take out the character before the cursor.", "backspace", "ctrl+h"),
		move(edDelete, "delete", "Take out the character under the cursor.", "delete", "ctrl+d"),
		move(edWordBk, "delete word before", "Take out the word before the cursor.", "ctrl+w", "alt+backspace", "ctrl+backspace"),
		move(edWordFw, "delete word", "Take out the word behind the cursor.", "alt+d", "ctrl+delete"),
		move(edCutL, "delete to line's start", "Take out what is before the cursor on its line.", "ctrl+u"),
		move(edCutR, "delete to line's end", "Take out what is behind the cursor on its line, or the line break.", "ctrl+k"),
	}
}

func overActions() []keys.Action {
	const query = "pipewright query 'SQL'"
	return []keys.Action{
		{ID: askGive, Place: Asking, Keys: []string{"enter"}, Title: "do it", Help: "Filter by the text, or write to the file.", Command: query + " --out FILE", Foot: 1},
		{ID: askDrop, Place: Asking, Keys: []string{"esc", "ctrl+c"}, Title: "not now", Help: "Go back to the rows.", Command: query, Foot: 2},
		{ID: valClose, Place: Value, Keys: []string{"esc", "enter", "q", "ctrl+c"}, Title: "close", Help: "Go back to the rows.", Command: query, Foot: 1},
		{ID: valCopy, Place: Value, Keys: []string{"y"}, Title: "copy", Help: "Copy the whole value.", Command: query + " --format csv", Foot: 2},
		{ID: valRight, Place: Value, Keys: []string{"right", "tab"}, Title: "next column", Help: "Show the row's value in the next column.", Command: query, Foot: 3},
		{ID: valLeft, Place: Value, Keys: []string{"left", "shift+tab"}, Title: "column before", Help: "Show the row's value in the column before.", Command: query, Foot: 4},
		{ID: valUp, Place: Value, Keys: []string{"up", "k"}, Title: "up", Help: "Scroll up by a line.", Command: query, Quiet: true},
		{ID: valDown, Place: Value, Keys: []string{"down", "j"}, Title: "down", Help: "Scroll down by a line.", Command: query, Quiet: true},
		{ID: valPageUp, Place: Value, Keys: []string{"pgup", "ctrl+b", "b"}, Title: "page up", Help: "Scroll up by a page.", Command: query, Quiet: true},
		{ID: valPageDn, Place: Value, Keys: []string{"space", "pgdown", "ctrl+f"}, Title: "page down", Help: "Scroll down by a page.", Command: query, Quiet: true},
	}
}
