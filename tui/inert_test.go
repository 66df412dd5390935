package tui

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"pipewright/engine"
	"pipewright/tui/layout"
	"pipewright/tui/widget"
	"pipewright/views/checklist"
	"pipewright/views/curriculum"
	"pipewright/views/lesson"
	"pipewright/views/load"
)

// nasty is text of each kind that terminals obey, mirror, join or measure in their own ways.
var nasty = []string{"\x1b[2J\x1b[31mred", "\x1b]0;title\a", "a\x00b\x7fc", "user\u202etxt.exe\u2066", "株式会社東京", "e\u0301o\u0308\u0323", "👩\u200d🚀🙂", "\tx\ty",
	"\xff\xfe\x9b31m", "مرحبا", "❤\ufe0f", "\u0301leading"}

// hostileShell shows nasty text wherever data is shown.
func hostileShell(t *testing.T, w, h int) *model {
	m := opened(t, w, h)
	o := curriculum.Outline{Open: "1.4", Phases: []curriculum.Phase{{Number: 1, Title: nasty[4], Weeks: []curriculum.Week{{Number: 1, Title: nasty[0]}}}}}
	l := lesson.Lesson{Session: "1.4", Title: nasty[3], Steps: []lesson.Step{{Name: "review"}}, Screens: []lesson.Screen{{Step: "review", Title: nasty[0], Text: strings.Join(nasty, " ")}}}
	c := checklist.List{Session: "1.4", Evidence: map[string]engine.Evidence{}}
	r := engine.Loaded{Table: nasty[0], Source: nasty[3], Dialect: nasty[1], RowsRead: 20, Accepted: 1, Rejected: 19, Quarantine: nasty[4] + nasty[0], Reasons: map[string]int64{}, At: noon}
	for i, s := range nasty {
		o.Phases[0].Weeks[0].Sessions = append(o.Phases[0].Weeks[0].Sessions, curriculum.Session{ID: "1.4", Title: s + s, Written: true})
		id := string(rune('a' + i))
		c.Criteria = append(c.Criteria, engine.Criterion{ID: id, Title: s + " " + s})
		c.Evidence[id] = engine.Evidence{Criterion: id, Passed: i%2 == 0, Observed: s, Expected: []string{s, "x"}[i%2], Cause: s, Next: s, On: s, At: noon}
		r.Reasons[s] = int64(i)
		r.Sample = append(r.Sample, engine.Reject{Row: int64(i), Column: s, Value: s + s + s, Reason: s})
	}
	for _, fact := range []any{o, l, c, load.Offer{Session: "1.4", Lab: "load", Title: nasty[0]}} {
		m.take(fact)
	}
	m.opened.Title = nasty[0] + nasty[4]
	started(m)
	report(m, r)
	report(m, engine.Ended{Job: 1, State: engine.JobDone, At: noon})
	m.say("%s", strings.Join(nasty, " "))
	return m
}

// Whatever the data holds, it stays in its cells: nothing of it reaches the terminal, and the lines
// between the regions are straight.
func TestDataStaysInItsCells(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 36}, {200, 60}} {
		m := hostileShell(t, size[0], size[1])
		for range m.entries {
			if !strings.Contains(whole(t, m, size[0], size[1]), "␛") {
				t.Fatal("nothing of it is shown")
			}
			lines := strings.Split(m.View().Content, "\n")
			for _, l := range lines {
				for _, r := range ansi.Strip(l) {
					if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r == 0x200d || r >= 0x2066 && r <= 0x2069 {
						t.Fatalf("%q is on screen: %q", r, ansi.Strip(l))
					}
				}
			}
			if m.frame.Wide {
				for _, at := range []layout.Region{layout.TreeRule, layout.SideRule} {
					rule := m.frame.At(at)
					for y := rule.Y; y < rule.Y+rule.H; y++ {
						if c := ansi.Strip(ansi.Cut(lines[y], rule.X, rule.X+1)); c != "│" || widget.Width(ansi.Cut(lines[y], 0, rule.X)) != rule.X {
							t.Fatalf("at %d×%d the %s is bent on line %d: %q", size[0], size[1], at, y, ansi.Strip(lines[y]))
						}
					}
				}
			}
			press(m, "tab")
		}
	}
}
