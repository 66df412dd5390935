package sessions

import (
	"strings"
	"testing"
)

func TestCatalogueIsThePlan(t *testing.T) {
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	all := c.Sessions()
	numbered, numberedMinutes, projects := 0, 0, 0
	for _, s := range all {
		if s.Minutes < 90 || s.Minutes > 130 || s.Title == "" {
			t.Errorf("%s %q: %d minutes", s.ID, s.Title, s.Minutes)
		}
		if s.Week <= 8 && s.ID != "2.6" && s.ID != "7.6" {
			numbered++
			numberedMinutes += s.Minutes
		}
		if s.Project {
			projects++
		}
	}
	if len(all) != 57 || numbered != 35 || numberedMinutes != 3690 {
		t.Errorf("%d sessions, %d numbered in weeks 1-8 of %d minutes", len(all), numbered, numberedMinutes)
	}
	if len(c.Phases) != 3 || projects != 11 {
		t.Errorf("%d phases, %d projects", len(c.Phases), projects)
	}
	weeks := 0
	for _, p := range c.Phases {
		for _, w := range p.Weeks {
			if weeks++; w.Number != weeks || len(w.Sessions) == 0 || w.Goal == "" {
				t.Errorf("week %d: %d sessions", w.Number, len(w.Sessions))
			}
		}
	}
	if weeks != 12 {
		t.Errorf("%d weeks", weeks)
	}
}

// TestProse checks what author check says of the text of every session, without an engine.
func TestProse(t *testing.T) {
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Sessions() {
		if !s.Available() {
			continue
		}
		for _, p := range c.proseProblems(s) {
			t.Errorf("%s: %s", s.ID, p)
		}
	}
}

const small = `---
id: "1.1"
title: T
minutes: 90
steps: {review: 10, concept: 20, exercise: 30, challenge: 20, wrap-up: 10}
labs:
  - {id: load, title: L, load: {file: data/a.csv, table: leads, schema: leads, mode: replace}}
predictions:
  - {id: n, step: concept, question: How many?, kind: number, answer: {lab: load, field: rejected}}
criteria:
  - {id: read, title: Read, kind: load, expect: {lab: load, rows_read: 5}, cause: c, next: n}
---
## Review: A
## Concept: B
{{ ask.n }} {{ loads.load.rejected }} {{ evidence.read }}
## Exercise: C
## Challenge: D
## Wrap-up: E
`

func TestParseSmall(t *testing.T) {
	s, err := Parse("s.md", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Screens) != 5 || s.Screens[1].Line != 14 || s.Criteria[0].Expect["rows_read"] == nil {
		t.Fatalf("%+v", s)
	}
	if _, err := Parse("s.md", []byte(strings.ReplaceAll(small, "\n", "\r\n"))); err != nil {
		t.Fatalf("with CRLF: %v", err)
	}
}

func TestParseSaysWhatAndWhere(t *testing.T) {
	for _, c := range []struct{ name, old, new, says string }{
		{"no fence", "---\nid", "id", "s.md:1: the file must begin"},
		{"open fence", "\n---\n## Review", "\n## Review", "never closed"},
		{"unknown key", "minutes: 90", "minutes: 90\nminuets: 1", "s.md:5: unknown field \"minuets\""},
		{"unknown nested key", "mode: replace", "mode: replace, mod: x", "s.md:7: unknown field \"mod\""},
		{"mistyped", "minutes: 90", "minutes: many", "s.md:4"},
		{"syntax", "labs:", "labs: [", "s.md:"},
		{"anchor", "title: T", "title: &a T", "s.md:3: anchors"},
		{"sum", "review: 10", "review: 15", "sum to 95 minutes, the session has 90"},
		{"no step prose", "## Challenge: D\n", "", "no prose for step challenge"},
		{"step order", "## Concept: B", "## Wrap-up: B", "s.md:16: step exercise comes after step wrap-up"},
		{"unknown step", "## Concept: B", "## Idea: B", "s.md:14: unknown step \"Idea\""},
		{"heading", "## Concept: B", "## Concept", "s.md:14: a heading is"},
		{"early prose", "## Review: A", "early\n## Review: A", "s.md:13: prose before"},
		{"figure", "{{ evidence.read }}", "{{ evidence.raed }}", "no figure {{ evidence.raed }}"},
		{"load figure", "loads.load.rejected", "loads.load.rejcted", "no figure"},
		{"criterion kind", "kind: load, expect", "kind: loda, expect", "criterion read: unknown kind"},
		{"criterion key", "rows_read: 5", "row_read: 5", `unknown key "row_read"`},
		{"criterion lab", "expect: {lab: load", "expect: {lab: lod", "no lab lod"},
		{"criterion words", "cause: c, ", "", "needs title, cause and next"},
		{"mode", "mode: replace", "mode: merge", "mode is append, replace or upsert"},
		{"outside", "data/a.csv", "../a.csv", "inside the workspace"},
		{"answer field", "field: rejected", "field: refused", `no field "refused"`},
		{"twice", "criteria:\n", "criteria:\n  - {id: read, title: R, kind: rows, expect: {table: a, min: 1}, cause: c, next: n}\n", "criterion read is there twice"},
		{"id", "id: read,", "id: Read Me,", "lower-case"},
		{"code block", "## Exercise: C", "## Exercise: C\n```\nx", "never closed"},
	} {
		text := strings.Replace(small, c.old, c.new, 1)
		if text == small {
			t.Fatalf("%s changes nothing", c.name)
		}
		_, err := Parse("s.md", []byte(text))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func FuzzFrontMatter(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte("---\nid: [\n---\n"))
	f.Add([]byte("---\na: &a [*a, *a]\n---\n## Review: x"))
	f.Add([]byte("---\n? {a: b}\n: - |\n  x\n---\n"))
	f.Add([]byte("---\nsteps: {review: 1e999, concept: 0x7fffffffffffffffff}\ncriteria:\n- expect: {a: .nan}\n---\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse("f.md", data)
		switch {
		case err == nil && (s == nil || len(s.Screens) < len(Steps)):
			t.Fatalf("accepted without its screens: %+v", s)
		case err != nil && (s != nil || !strings.HasPrefix(err.Error(), "f.md")):
			t.Fatalf("unclear: %q", err)
		}
		if err != nil {
			return
		}
		for _, sc := range s.Screens {
			_ = FiguresOf(nil, s.ID).Fill(s, sc.Text)
		}
	})
}
