package views_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"pipewright/engine"
	"pipewright/tui/keys"
	"pipewright/tui/theme"
	"pipewright/tui/widget"
	"pipewright/views"
	"pipewright/views/checklist"
	"pipewright/views/curriculum"
	"pipewright/views/lesson"
	"pipewright/views/load"
)

var update = flag.Bool("update", false, "write the golden panes anew")

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

var outline = curriculum.Outline{Open: "1.2", Phases: []curriculum.Phase{
	{Number: 1, Title: "Foundation", Weeks: []curriculum.Week{
		{Number: 1, Title: "Setup & First Pipeline", Sessions: []curriculum.Session{
			{ID: "1.1", Title: "Environment Setup", Minutes: 90, Written: true, Passed: 4, Total: 4, Begun: true},
			{ID: "1.2", Title: "First Table & Data Load", Minutes: 90, Written: true, Passed: 2, Total: 5, Begun: true},
			{ID: "1.3", Title: "Query & \x1b[31mTransform 株式会社", Minutes: 90, Written: true, Total: 3},
			{ID: "1.4", Title: "Data Validation", Minutes: 120},
		}},
		{Number: 2, Title: "Expand Schema", Sessions: []curriculum.Session{{ID: "2.1", Title: "Companies", Minutes: 90}}},
	}},
	{Number: 2, Title: "Scale & Optimize", Weeks: []curriculum.Week{{Number: 5, Sessions: []curriculum.Session{{ID: "5.1", Title: "Partitions", Minutes: 90}}}}},
}}

var text = lesson.Lesson{Session: "1.2", Title: "First Table", Minutes: 90,
	Steps: []lesson.Step{{Name: "review", Minutes: 10}, {Name: "concept", Minutes: 15}, {Name: "exercise", Minutes: 45}},
	Screens: []lesson.Screen{
		{Step: "review", Title: "Where you are", Text: "One *idea*, and `code`.\n\n```sql\nselect count(*) from leads\n```\n\n? How many?"},
		{Step: "concept", Title: "A wide one", Text: strings.Repeat("株式会社 and e\u0301 and \x1b]0;x\a and more. ", 40) + "\n\n| a | b |\n|---|---|\n| 1 | two |\n",
			Asks: []lesson.Ask{{ID: "n", Question: "How many of the 500?", Choices: []string{"few", "many"}}}},
	}}

var criteria = []engine.Criterion{{ID: "a", Title: "500 rows read"}, {ID: "b", Title: "400 rows accepted"},
	{ID: "c", Title: "each of them with its row and its reason, wherever in the file it stood"}, {ID: "d", Title: "the table holds"}}

func proof(id, saw, want, on string) engine.Evidence {
	return engine.Evidence{Criterion: id, Passed: saw == want, Observed: saw, Expected: want, On: on, At: noon}
}

func list(es ...engine.Evidence) checklist.List {
	l := checklist.List{Session: "1.2", Criteria: criteria, Evidence: map[string]engine.Evidence{}, Self: map[string]time.Time{"d": noon}}
	for _, e := range es {
		l.Evidence[e.Criterion] = e
	}
	return l
}

var request = engine.LoadCSV{Path: "data/leads.csv", Table: "leads", Backend: engine.Postgres}

func loading(evs ...engine.Event) []any {
	out := []any{load.Offer{Session: "1.2", Lab: "load", Title: "Load leads.csv"}, engine.Report{Job: 1, Request: request, Event: engine.Started{Job: 1, At: noon}}}
	for _, ev := range evs {
		out = append(out, engine.Report{Job: 1, Request: request, Event: ev})
	}
	return out
}

// rejects is a load with more rejected rows than a window shows.
func rejects() []engine.Event {
	l := engine.Loaded{Backend: engine.Postgres, Table: "leads", Source: request.Path, Mode: engine.Append, Dialect: "comma", RowsRead: 500, Accepted: 400, Rejected: 85,
		Duplicates: 15, Bytes: 60_400, RowsPerSecond: 12_500, Quarantine: "/a/very/long/path/that/does/not/fit/on/a/narrow/screen/of/eighty/cells/reports/leads.rejected.csv",
		Reasons: map[string]int64{"no @": 60, "not one of New, Contacted, Qualified, Proposal Sent, Converted, Lost": 25}, At: noon}
	for i := range 40 {
		l.Sample = append(l.Sample, engine.Reject{Row: int64(i * i * i), Line: int64(i), Column: "email", Value: []string{"ann@", "株式会社\t\u202e", ""}[i%3], Reason: "no \x1b[2Jdomain"})
	}
	return []engine.Event{l, engine.Ended{Job: 1, State: engine.JobDone, Elapsed: 40 * time.Millisecond, At: noon}}
}

// state is a pane with what has been handed to it and done in it.
type state struct {
	place keys.Place
	name  string
	facts []any
	do    []keys.ID
	typed string
}

var states = []state{
	{curriculum.Place, "empty", nil, nil, ""},
	{curriculum.Place, "read", []any{outline}, nil, ""},
	{curriculum.Place, "filtered", []any{outline}, []keys.ID{"curriculum.filter"}, "table"},
	{curriculum.Place, "no match", []any{outline}, []keys.ID{"curriculum.filter"}, "zzz\x1b[2J"},
	{curriculum.Place, "no lesson", []any{outline}, []keys.ID{"curriculum.last"}, ""},
	{lesson.Place, "empty", nil, nil, ""},
	{lesson.Place, "read", []any{text}, nil, ""},
	{lesson.Place, "scrolled", []any{text}, []keys.ID{"lesson.next", "lesson.bottom"}, ""},
	{lesson.Place, "asked", []any{text}, []keys.ID{"lesson.next", "lesson.answer"}, "man"},
	{checklist.Place, "empty", nil, nil, ""},
	{checklist.Place, "not checked", []any{list()}, nil, ""},
	{checklist.Place, "proven", []any{list(proof("a", "500", "500", "leads.csv"), proof("b", "400", "400", "leads.csv"),
		proof("c", "100 records, 11 kinds of reason", "100 records, 11 kinds of reason", "leads.csv"), proof("d", "0", "0", "crm_dev.leads"))}, nil, ""},
	{checklist.Place, "failed", []any{list(proof("a", "137", "500", "leads.csv"), engine.Evidence{Criterion: "b", Cause: "c\x07", Next: "株", Observed: "x", Expected: "y", At: noon},
		engine.Evidence{Criterion: "c", Err: &engine.Error{What: "PostgreSQL is not up", Next: "pipewright db start"}})}, nil, ""},
	{load.Place, "empty", nil, nil, ""},
	{load.Place, "offered", []any{load.Offer{Session: "1.2", Lab: "load", Title: "Load leads.csv"}}, nil, ""},
	{load.Place, "waiting", loading(engine.Note{Text: "starting \x1b[2JPostgreSQL"}), nil, ""},
	{load.Place, "running", loading(engine.Progress{Stage: "copy", Done: 3, Total: 12, Unit: "bytes", Rows: 9, Accepted: 7, Rejected: 1, Duplicates: 1, Rate: 400, Elapsed: time.Second, Left: 3 * time.Second}), nil, ""},
	{load.Place, "done", loading(rejects()...), nil, ""},
	{load.Place, "last row", loading(rejects()...), []keys.ID{"load.bottom"}, ""},
	{load.Place, "cancelled", loading(engine.Ended{Job: 1, State: engine.JobCancelled, Elapsed: time.Second, At: noon}), nil, ""},
	{load.Place, "failed", loading(engine.Ended{Job: 1, State: engine.JobFailed, Elapsed: time.Second, At: noon,
		Err: &engine.Error{What: "the file cannot be read", Where: "data/leads.csv", Next: "look at its permissions"}}), nil, ""},
}

func entry(t testing.TB, place keys.Place) views.Entry {
	t.Helper()
	all := views.Catalogue()
	i := slices.IndexFunc(all, func(e views.Entry) bool { return e.Place == place })
	if i < 0 {
		t.Fatalf("no pane is at %s", place)
	}
	return all[i]
}

// pane makes a pane and brings it into a state. Keys are done as the shell does them: drawn between.
func (s state) pane(t testing.TB, w, h int) views.Pane {
	t.Helper()
	p := entry(t, s.place).New()
	for _, f := range s.facts {
		p.Take(f)
	}
	p.Draw(theme.New(theme.Plain), w, h, true)
	for _, id := range s.do {
		if !p.Can(id) {
			t.Fatalf("%s cannot be done", id)
		}
		p.Do(id)
		p.Draw(theme.New(theme.Plain), w, h, true)
	}
	for _, r := range s.typed {
		p.Type(string(r), string(r))
	}
	return p
}

// drawn is what a pane draws, which must be h lines of w cells without anything that a terminal obeys.
func drawn(t interface{ Fatalf(string, ...any) }, p views.Pane, th *theme.Theme, w, h int, focused bool) string {
	lines := slices.Clone(p.Draw(th, w, h, focused))
	if len(lines) != h {
		t.Fatalf("%d lines, not %d", len(lines), h)
	}
	for i, l := range lines {
		lines[i] = ansi.Strip(l)
		if n := widget.Width(l); n != w {
			t.Fatalf("line %d has %d cells, not %d: %q", i, n, w, lines[i])
		}
		for _, r := range lines[i] {
			if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e {
				t.Fatalf("line %d shows a raw %q", i, r)
			}
		}
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

func TestPanes(t *testing.T) {
	for _, s := range states {
		t.Run(string(s.place)+" "+s.name, func(t *testing.T) {
			var b strings.Builder
			for _, size := range [][2]int{{80, 19}, {42, 19}, {160, 24}} {
				fmt.Fprintf(&b, "--- %d×%d\n%s", size[0], size[1], drawn(t, s.pane(t, size[0], size[1]), theme.New(theme.Dark), size[0], size[1], true))
			}
			path := filepath.Join("testdata", string(s.place)+"-"+strings.ReplaceAll(s.name, " ", "-")+".golden")
			if *update {
				if err := os.MkdirAll("testdata", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if b.String() != string(want) {
				t.Errorf("the pane differs from %s (go test ./views -run TestPanes -update writes it anew); now:\n%s", path, b.String())
			}
		})
	}
}

// Whatever the size, a pane fills it exactly, with the focus and without, in each theme.
func TestAPaneFillsWhatItIsGiven(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.SampledFrom(states).Draw(rt, "state")
		p := s.pane(t, 100, 20)
		th := theme.New(rapid.SampledFrom([]theme.Name{theme.Dark, theme.Light, theme.Sixteen, theme.Plain}).Draw(rt, "theme"))
		for range 3 {
			drawn(rt, p, th, rapid.IntRange(28, 240).Draw(rt, "w"), rapid.IntRange(9, 70).Draw(rt, "h"), rapid.Bool().Draw(rt, "focused"))
			p.Wheel(rapid.IntRange(-5, 5).Draw(rt, "wheel"))
			p.Click(rapid.IntRange(0, 100).Draw(rt, "x"), rapid.IntRange(0, 20).Draw(rt, "y"))
		}
	})
}

// Each pane of the catalogue keeps to what the shell relies on.
func TestEachPaneKeepsTheContract(t *testing.T) {
	for _, e := range views.Catalogue() {
		t.Run(string(e.Place), func(t *testing.T) {
			p := e.New()
			if p.Place() != e.Place && !slices.Contains(views.Modal(), p.Place()) || p.Title() == "" || e.Name == "" {
				t.Fatalf("it is at %s and called %q", p.Place(), p.Title())
			}
			for _, a := range e.Actions() {
				if a.Place != e.Place && !slices.Contains(views.Modal(), a.Place) {
					t.Errorf("%s has its place at %s", a.ID, a.Place)
				}
				if !strings.HasPrefix(string(a.ID), strings.ReplaceAll(string(a.Place), " ", "-")+".") {
					t.Errorf("%s is at %s", a.ID, a.Place)
				}
			}
			p.Take(struct{}{}) // nobody's fact
			p.Take(engine.Report{Job: 99, Request: nil, Event: nil})
			p.Recall([]byte("not JSON"))
			p.Recall(nil)
			p.Type("x", "x")
			for _, a := range e.Actions() { // whatever can be done to an empty pane leaves it whole
				if p.Can(a.ID) {
					p.Do(a.ID)
				}
				drawn(t, p, theme.New(theme.Dark), 80, 20, true)
			}
			p.Copy()
		})
	}
}

// A pane that recalls what another has kept draws the same.
func TestKeptPlacesComeBack(t *testing.T) {
	for _, s := range states {
		if s.place == load.Place || s.name == "asked" { // a load's rows and a half-typed answer are not kept
			continue
		}
		t.Run(string(s.place)+" "+s.name, func(t *testing.T) {
			p := s.pane(t, 80, 10)
			if s.name == "filtered" || s.name == "no match" {
				p.Do("filter.keep")
			}
			want := drawn(t, p, theme.New(theme.Dark), 80, 10, true)
			again := entry(t, s.place).New()
			again.Recall(p.Keep())
			for _, f := range s.facts {
				again.Take(f)
			}
			if got := drawn(t, again, theme.New(theme.Dark), 80, 10, true); got != want {
				t.Errorf("before:\n%s\nafter:\n%s", want, got)
			}
		})
	}
}

// Events of a job that is not the pane's any more change nothing.
func TestOlderJobsChangeNothing(t *testing.T) {
	p := entry(t, load.Place).New()
	for _, f := range loading(rejects()...) {
		p.Take(f)
	}
	p.Take(engine.Report{Job: 2, Request: request, Event: engine.Started{Job: 2, At: noon}})
	want := drawn(t, p, theme.New(theme.Dark), 80, 20, true)
	for _, ev := range append(rejects(), engine.Progress{Done: 1, Total: 2}, engine.Note{Text: "old"}, engine.Started{Job: 1}) {
		p.Take(engine.Report{Job: 1, Request: request, Event: ev})
	}
	if got := drawn(t, p, theme.New(theme.Dark), 80, 20, true); got != want {
		t.Errorf("before:\n%s\nafter:\n%s", want, got)
	}
}
