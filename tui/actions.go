package tui

import (
	"pipewright/tui/keys"
	"pipewright/views"
)

// The places of the overlays. Keys that work everywhere do not work there.
const (
	inPalette keys.Place = "palette"
	inHelp    keys.Place = "help"
	inQuit    keys.Place = "quit"
)

// The shell's own actions.
const (
	actVerify  keys.ID = "shell.verify"
	actRun     keys.ID = "shell.run"
	actCancel  keys.ID = "shell.cancel"
	actNext    keys.ID = "shell.next-pane"
	actPrev    keys.ID = "shell.previous-pane"
	actZoom    keys.ID = "shell.zoom"
	actBack    keys.ID = "shell.back"
	actCopy    keys.ID = "shell.copy"
	actPalette keys.ID = "shell.palette"
	actHelp    keys.ID = "shell.keys"
	actSuspend keys.ID = "shell.suspend"
	actQuit    keys.ID = "shell.quit"
	actOne     keys.ID = "shell.sessions"
	actTwo     keys.ID = "shell.lesson"
	actThree   keys.ID = "shell.checklist"
	actFour    keys.ID = "shell.load"
	actFive    keys.ID = "shell.result"
	actSix     keys.ID = "shell.sql"

	palRun   keys.ID = "palette.run"
	palCopy  keys.ID = "palette.copy"
	palUp    keys.ID = "palette.up"
	palDown  keys.ID = "palette.down"
	palClose keys.ID = "palette.close"

	helpClose keys.ID = "keys.close"
	helpUp    keys.ID = "keys.up"
	helpDown  keys.ID = "keys.down"

	quitYes keys.ID = "quit.yes"
	quitNo  keys.ID = "quit.no"
)

// shellActions is the shell's part of the one table.
func shellActions() []keys.Action {
	const all, show = keys.Everywhere, "pipewright session show {session}"
	return []keys.Action{
		{ID: actCancel, Place: all, Keys: []string{"c"}, Title: "cancel", Help: "Cancel the job that runs; its table stays as it was.", Command: "pipewright run {session} {lab}  # ctrl+c cancels it", Foot: 1},
		{ID: actVerify, Place: all, Keys: []string{"v"}, Title: "verify", Help: "Check every criterion of the open session against what is really there.", Command: "pipewright check {session}", Foot: 2},
		{ID: actRun, Place: all, Keys: []string{"r"}, Title: "run", Help: "Run the open session's lab.", Command: "pipewright run {session} {lab}", Foot: 3},
		{ID: actNext, Place: all, Keys: []string{"tab"}, Title: "next pane", Help: "Move to the next pane.", Command: show, Foot: 4},
		{ID: actZoom, Place: all, Keys: []string{"z"}, Title: "zoom", Help: "Give the whole screen to this pane, or take it back.", Command: show, Foot: 7},
		{ID: actBack, Place: all, Keys: []string{"esc"}, Title: "back", Help: "Go back: out of the zoom, out of the load, to the sessions. Nothing is cancelled by it.", Command: "pipewright session list", Foot: 8},
		{ID: actCopy, Place: all, Keys: []string{"y"}, Title: "copy", Help: "Copy what the pane has to give: code, the checklist, a rejected row.", Command: show, Foot: 5},
		{ID: actPrev, Place: all, Keys: []string{"shift+tab"}, Title: "pane before", Help: "Move to the pane before.", Command: show, Quiet: true},
		{ID: actOne, Place: all, Keys: []string{"1"}, Title: "sessions", Help: "Go to the curriculum.", Command: "pipewright session list"},
		{ID: actTwo, Place: all, Keys: []string{"2"}, Title: "lesson", Help: "Go to the lesson.", Command: show},
		{ID: actThree, Place: all, Keys: []string{"3"}, Title: "checklist", Help: "Go to the checklist.", Command: "pipewright check {session}"},
		{ID: actFour, Place: all, Keys: []string{"4"}, Title: "load", Help: "Go to the load.", Command: "pipewright run {session} {lab}"},
		{ID: actFive, Place: all, Keys: []string{"5"}, Title: "result", Help: "Go to the result of the latest query.", Command: "pipewright run {session} {lab}"},
		{ID: actSix, Place: all, Keys: []string{"6"}, Title: "SQL", Help: "Go to where SQL is written and run.", Command: "pipewright query 'SQL'"},
		{ID: actPalette, Place: all, Keys: []string{":", "ctrl+p"}, Title: "palette", Help: "Find any action by a few of its letters, with its key and its command.", Command: "pipewright help", Foot: 9},
		{ID: actHelp, Place: all, Keys: []string{"?"}, Title: "keys", Help: "Show the keys of where you are.", Command: "pipewright help"},
		{ID: actSuspend, Place: all, Keys: []string{"ctrl+z"}, Title: "suspend", Help: "Go back to the shell that Pipewright was started from; fg comes back to the same screen.", Command: "pipewright help", Quiet: true},
		{ID: actQuit, Place: all, Keys: []string{"q", "ctrl+c"}, Title: "quit", Help: "Leave, and come back to the same place next time; asks first when something runs.", Command: "pipewright progress  # a command ends by itself"},

		{ID: palRun, Place: inPalette, Keys: []string{"enter"}, Title: "run", Help: "Run the action under the cursor.", Command: "pipewright help", Foot: 1},
		{ID: palCopy, Place: inPalette, Keys: []string{"ctrl+y"}, Title: "copy its command", Help: "Copy the command of the action under the cursor.", Command: "pipewright help", Foot: 2},
		{ID: palUp, Place: inPalette, Keys: []string{"up", "ctrl+p", "shift+tab"}, Title: "up", Help: "Move the cursor up.", Command: "pipewright help", Quiet: true},
		{ID: palDown, Place: inPalette, Keys: []string{"down", "ctrl+n", "tab"}, Title: "down", Help: "Move the cursor down.", Command: "pipewright help", Quiet: true},
		{ID: palClose, Place: inPalette, Keys: []string{"esc", "ctrl+c"}, Title: "close", Help: "Close the palette.", Command: "pipewright help", Foot: 3},

		{ID: helpClose, Place: inHelp, Keys: []string{"esc", "?", "q", "ctrl+c", "enter"}, Title: "close", Help: "Close the list of keys.", Command: "pipewright help", Foot: 1},
		{ID: helpDown, Place: inHelp, Keys: []string{"down", "j", "space", "pgdown"}, Title: "down", Help: "Scroll the list of keys down.", Command: "pipewright help", Foot: 2},
		{ID: helpUp, Place: inHelp, Keys: []string{"up", "k", "pgup"}, Title: "up", Help: "Scroll the list of keys up.", Command: "pipewright help", Foot: 3},

		{ID: quitYes, Place: inQuit, Keys: []string{"q", "y", "enter", "ctrl+c"}, Title: "cancel and quit", Help: "Cancel what runs and leave.", Command: "pipewright progress", Foot: 1},
		{ID: quitNo, Place: inQuit, Keys: []string{"esc", "n"}, Title: "stay", Help: "Stay, and let it run.", Command: "pipewright progress", Foot: 2},
	}
}

// Actions is the one table of everything that can be done: bindings, footer, help and palette come from
// it.
func Actions() (*keys.Table, error) {
	groups := [][]keys.Action{shellActions()}
	for _, e := range views.Catalogue() {
		groups = append(groups, e.Actions())
	}
	return keys.NewTable(append(views.Modal(), inPalette, inHelp, inQuit), groups...)
}
