package keys

import (
	"strings"
	"testing"
)

func act(id ID, p Place, k ...string) Action {
	return Action{ID: id, Place: p, Keys: k, Title: "t", Help: "h", Command: "c {session} {lab}"}
}

func TestTableRefuses(t *testing.T) {
	bare := act("a.b", "a", "x")
	bare.Help = ""
	for name, c := range map[string]struct {
		in   []Action
		want string
	}{
		"two meanings in a place":         {[]Action{act("a.one", "a", "x"), act("a.two", "a", "x")}, "means both"},
		"everywhere and a place":          {[]Action{act("e.one", Everywhere, "x"), act("a.two", "a", "x")}, "means both"},
		"a place and everywhere":          {[]Action{act("a.two", "a", "x"), act("e.one", Everywhere, "x")}, "means both"},
		"the same key twice in an action": {[]Action{act("a.one", "a", "x", "x")}, "means both"},
		"no help":                         {[]Action{bare}, "no help"},
		"no key":                          {[]Action{act("a.b", "a")}, "no key"},
		"twice":                           {[]Action{act("a.b", "a", "x"), act("a.b", "b", "y")}, "twice"},
	} {
		if _, err := NewTable(nil, c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want …%s…", name, err, c.want)
		}
	}
}

func TestLookup(t *testing.T) {
	tab, err := NewTable([]Place{"m"}, []Action{act("a.go", "a", "x", "y"), act("b.go", "b", "x"), act("e.quit", Everywhere, "q"), act("m.q", "m", "q")})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		p    Place
		k    string
		want ID
	}{{"a", "x", "a.go"}, {"a", "y", "a.go"}, {"b", "x", "b.go"}, {"b", "y", ""}, {"b", "q", "e.quit"}, {"m", "q", "m.q"}, {"m", "x", ""}} {
		if a, _ := tab.Lookup(c.p, c.k); a.ID != c.want {
			t.Errorf("%s in %s is %q, want %q", c.k, c.p, a.ID, c.want)
		}
	}
	if got := act("a.b", "a", "x").Line("1.4", ""); got != "c 1.4" {
		t.Errorf("command line is %q", got)
	}
}
