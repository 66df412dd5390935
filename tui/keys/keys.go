package keys

import (
	"fmt"
	"slices"
	"strings"
)

// ID names an action, as "place.verb".
type ID string

// Place is where keys have their meaning: a pane, an overlay, or everywhere.
type Place string

// Everywhere is the place of actions that work in each pane.
const Everywhere Place = "everywhere"

// Action is one thing that a person can do. All of it is shown somewhere: the key and the title in the
// footer, the help under ?, the command in the palette.
type Action struct {
	ID      ID
	Place   Place
	Keys    []string // as Bubble Tea prints a key press; the first is the one that is shown
	Title   string   // a few words, lower case
	Help    string   // one sentence
	Command string   // the command that does or prints the same; {session} and {lab} are filled in
	Foot    int      // rank among the footer's hints; 0 keeps it out
	Quiet   bool     // moves the view only: left out of the palette's first page
}

// Key is the key that is shown for the action.
func (a Action) Key() string {
	if len(a.Keys) == 0 {
		return ""
	}
	return Show(a.Keys[0])
}

// Line is the command with its session and lab filled in.
func (a Action) Line(session, lab string) string {
	if session == "" {
		session = "ID"
	}
	s := strings.ReplaceAll(a.Command, "{session}", session)
	s = strings.ReplaceAll(s, "{lab}", lab)
	return strings.TrimSpace(s)
}

var shown = map[string]string{
	"up": "↑", "down": "↓", "left": "←", "right": "→", "pgup": "page up", "pgdown": "page down", " ": "space",
	"shift+tab": "shift+tab",
}

// Show is a key as people read it.
func Show(key string) string {
	if s, ok := shown[key]; ok {
		return s
	}
	return key
}

// Table is a set of actions that is looked up by place and key.
type Table struct {
	actions []Action
	byKey   map[Place]map[string]int
	modal   map[Place]bool
}

// NewTable builds a table. In a modal place the keys that work everywhere do not. It fails when an
// action lacks its id, place, key, title, help or command, or when a key would mean two things in one
// place.
func NewTable(modal []Place, groups ...[]Action) (*Table, error) {
	t := &Table{byKey: map[Place]map[string]int{}, modal: map[Place]bool{}}
	for _, p := range modal {
		t.modal[p] = true
	}
	seen := map[ID]bool{}
	for _, a := range slices.Concat(groups...) {
		if err := whole(a); err != nil {
			return nil, err
		}
		if seen[a.ID] {
			return nil, fmt.Errorf("action %s is listed twice", a.ID)
		}
		seen[a.ID] = true
		t.actions = append(t.actions, a)
	}
	for i, a := range t.actions {
		for _, k := range a.Keys {
			if other, ok := t.clash(a.Place, k); ok {
				return nil, fmt.Errorf("in %s the key %q means both %s and %s", a.Place, k, other.ID, a.ID)
			}
			if t.byKey[a.Place] == nil {
				t.byKey[a.Place] = map[string]int{}
			}
			t.byKey[a.Place][k] = i
		}
	}
	return t, nil
}

func whole(a Action) error {
	for _, f := range []struct{ name, v string }{
		{"id", string(a.ID)}, {"place", string(a.Place)}, {"title", a.Title}, {"help", a.Help}, {"command", a.Command},
	} {
		if f.v == "" {
			return fmt.Errorf("action %q has no %s", a.ID, f.name)
		}
	}
	if len(a.Keys) == 0 {
		return fmt.Errorf("action %q has no key", a.ID)
	}
	return nil
}

// clash finds an action that a key already has in a place, or everywhere; for a key that is to work
// everywhere, in any place.
func (t *Table) clash(p Place, key string) (Action, bool) {
	for place, m := range t.byKey {
		if place != p && (t.modal[p] || t.modal[place] || place != Everywhere && p != Everywhere) {
			continue
		}
		if i, ok := m[key]; ok {
			return t.actions[i], true
		}
	}
	return Action{}, false
}

// Lookup gives the action of a key in a place, else the one that it has everywhere.
func (t *Table) Lookup(p Place, key string) (Action, bool) {
	if i, ok := t.byKey[p][key]; ok {
		return t.actions[i], true
	}
	if i, ok := t.byKey[Everywhere][key]; ok && !t.modal[p] {
		return t.actions[i], true
	}
	return Action{}, false
}

// Modal says whether text is typed in a place.
func (t *Table) Modal(p Place) bool { return t.modal[p] }

// All gives every action, in the order in which it was listed.
func (t *Table) All() []Action { return t.actions }

// In gives the actions of one place, in the order in which they were listed.
func (t *Table) In(p Place) []Action {
	var out []Action
	for _, a := range t.actions {
		if a.Place == p {
			out = append(out, a)
		}
	}
	return out
}
