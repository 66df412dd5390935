package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"pipewright/engine"
	"pipewright/tui/keys"
	"pipewright/tui/layout"
	"pipewright/views"
	"pipewright/views/checklist"
	"pipewright/views/curriculum"
	"pipewright/views/lesson"
	"pipewright/views/load"
)

func TestKeysMoveTheFocus(t *testing.T) {
	for _, c := range []struct {
		w, h  int
		keys  string
		focus keys.Place
		zoom  bool
		below keys.Place
	}{
		{120, 36, "", lesson.Place, false, ""},
		{120, 36, "tab", checklist.Place, false, ""},
		{120, 36, "tab tab", curriculum.Place, false, ""}, // what is closed is no stop
		{120, 36, "4", load.Place, false, load.Place},
		{120, 36, "4 tab", curriculum.Place, false, load.Place},
		{120, 36, "4 z", load.Place, true, load.Place},
		{120, 36, "4 z esc", load.Place, false, load.Place},
		{120, 36, "4 esc", lesson.Place, false, ""},
		{120, 36, "3 esc esc", curriculum.Place, false, ""},
		{80, 24, "z", lesson.Place, false, ""}, // there is nothing to zoom
		{80, 24, "tab tab", load.Place, false, load.Place},
		{80, 24, "4 esc", lesson.Place, false, ""},
		{80, 24, "? n v esc", lesson.Place, false, ""}, // an overlay takes the keys
		{80, 24, ": q z esc", lesson.Place, false, ""},
	} {
		m := opened(t, c.w, c.h)
		press(m, strings.Fields(c.keys)...)
		if m.focus != c.focus || m.zoom != c.zoom || m.below != c.below || m.over != nil || m.ended {
			t.Errorf("%d×%d after %q: at %s, zoom %v, below %q, ended %v", c.w, c.h, c.keys, m.focus, m.zoom, m.below, m.ended)
		}
	}
}

func TestEachNumberGoesToItsTab(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {200, 60}} {
		m := opened(t, size[0], size[1])
		for i, e := range m.entries {
			press(m, "esc", "esc", "1") // out of where text is typed
			press(m, fmt.Sprint((i+1)%10))
			if m.focus != e.Place {
				t.Errorf("%d goes to %s, not to %s", i+1, m.focus, e.Place)
			}
		}
	}
}

// Whatever tab is shown and however many there are, it is on screen, and a click on a tab goes there.
func TestTabsThatDoNotFitAreReached(t *testing.T) {
	m := opened(t, 60, 20)
	for range 6 {
		for _, e := range views.Catalogue() {
			m.visit(e.Place)
			line := strings.Split(whole(t, m, 60, 20), "\n")[1]
			if !strings.Contains(line, m.panes[e.Place].Title()+"]") {
				t.Fatalf("%s is open and not among the tabs: %q", e.Place, line)
			}
			tabs, _, _ := m.tabLine(60)
			for _, tab := range tabs {
				m.visit(e.Place)
				m.Update(tea.MouseClickMsg{X: tab.x + 1, Y: m.frame.At(layout.Tabs).Y, Button: tea.MouseLeft})
				if m.focus != tab.place {
					t.Fatalf("a click on %q at %d goes to %s", tab.text, tab.x, m.focus)
				}
			}
		}
	}
}

func TestAClickGoesWhereItIs(t *testing.T) {
	m := opened(t, 120, 36)
	for _, region := range []struct {
		at    layout.Region
		place keys.Place
	}{{layout.Tree, curriculum.Place}, {layout.Side, checklist.Place}, {layout.Main, lesson.Place}} {
		r := m.frame.At(region.at)
		m.Update(tea.MouseClickMsg{X: r.X + r.W - 1, Y: r.Y + r.H - 1, Button: tea.MouseLeft})
		if m.focus != region.place {
			t.Errorf("a click in the %s goes to %s", region.at, m.focus)
		}
	}
	r := m.frame.At(layout.Tree)
	was := m.panes[curriculum.Place].Draw(m.theme, r.W, r.H, true)[5]
	m.Update(tea.MouseClickMsg{X: r.X + 5, Y: r.Y + 5, Button: tea.MouseLeft})
	if now := m.panes[curriculum.Place].Draw(m.theme, r.W, r.H, true)[5]; now == was {
		t.Error("a click on a line of the tree leaves the cursor where it was")
	}
}

func TestWhatIsTypedIsNoCommand(t *testing.T) {
	m := opened(t, 80, 24)
	press(m, "1", "/", "q", "v", "z", "?", ":")
	if m.ended || m.over != nil || m.place() != curriculum.Typing {
		t.Fatalf("at %s, ended %v", m.place(), m.ended)
	}
	if !strings.Contains(whole(t, m, 80, 24), "/ qvz?:") {
		t.Fatal(whole(t, m, 80, 24))
	}
}

func TestATinyTerminalOnlyLeaves(t *testing.T) {
	m := opened(t, 40, 10)
	press(m, "4", "z", ":", "enter", "r")
	if m.over != nil || m.focus != lesson.Place || len(m.jobs.errands) != 0 {
		t.Fatal("something was done that nobody sees")
	}
	press(m, "q")
	if !m.ended {
		t.Fatal("there is no way out")
	}
}

// Jobs of a session that was left go on, and are told in the footer; the panes of the one that is open
// now show nothing of them.
func TestEventsOfAnotherSessionFallAway(t *testing.T) {
	m := opened(t, 120, 36)
	e := errand{session: "1.4", lab: "load", gen: m.gen}
	job := numbered{id: 5, r: load14}
	m.Update(m.open("1.1", false)())
	m.Update(submittedMsg{errand: e, job: job})
	before := whole(t, m, 120, 36)
	m.Update(eventMsg{errand: e, job: job, event: engine.Started{Job: 5, At: noon}, ok: true})
	m.Update(eventMsg{errand: e, job: job, event: half, ok: true})
	if after := whole(t, m, 120, 36); after != before || m.below != "" {
		t.Fatalf("before:\n%s\nafter:\n%s", before, after)
	}
	m.Update(eventMsg{errand: e, job: job, event: engine.Ended{Job: 5, State: engine.JobDone, Elapsed: time.Second}, ok: true})
	if !strings.Contains(m.notice.text, "done in") || len(m.jobs.running()) != 0 {
		t.Fatalf("%+v", m.notice)
	}
}

func TestABackendsFailureIsToldOnce(t *testing.T) {
	m := opened(t, 120, 36)
	bad := []engine.BackendStatus{{Name: engine.Postgres, State: engine.StateFailed, Sentence: "its port is taken", Fix: "stop the other"}}
	m.Update(statusMsg{backends: bad})
	if !m.notice.bad || m.notice.text != "postgres: its port is taken → stop the other" {
		t.Fatalf("%+v", m.notice)
	}
	m.notice = notice{}
	m.Update(statusMsg{backends: bad})
	if m.notice.text != "" {
		t.Fatal("it is told again")
	}
	if !strings.Contains(whole(t, m, 120, 36), "✗ failed") {
		t.Fatal("the header does not show it")
	}
}

// Everything that the palette offers can be done, and has a key and a command.
func TestThePaletteOffersWhatCanBeDone(t *testing.T) {
	m := opened(t, 120, 36)
	rows := m.rows()
	for _, r := range rows {
		if r.title == "" || r.command == "" || r.action.Key() == "" || strings.Contains(r.command, "{") || !m.can(r.action) {
			t.Errorf("%+v", r)
		}
	}
	press(m, ":")
	for _, k := range "verify" {
		press(m, string(k))
	}
	if p := m.over.(*paletteBox); len(p.shown) == 0 || p.shown[0].action.ID != actVerify {
		t.Fatalf("verify finds %+v", p.shown)
	}
}
