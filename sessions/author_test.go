package sessions

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"pipewright/engine"
	"pipewright/engine/lab"
	"pipewright/engine/lab/labtest"
)

// scratchOn opens a real engine on a database of the test's own.
func scratchOn(dsn string) OpenScratch {
	return func(ctx context.Context, ws engine.Workspace) (engine.Submitter, func() error, error) {
		l, err := lab.Open(ctx, lab.Options{Workspace: ws, DSN: dsn})
		if err != nil {
			return nil, nil, err
		}
		return l, func() error { l.Close(); return nil }, nil
	}
}

// TestContentIsProven is author check of everything that is in the binary, on real backends.
func TestContentIsProven(t *testing.T) {
	if testing.Short() {
		t.Skip("runs every solution and every wrong answer")
	}
	cat, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	results := AuthorCheck(t.Context(), scratchOn(labtest.Database(t)), nil)
	if len(results) != len(cat.available()) {
		t.Errorf("%d results", len(results))
	}
	for _, r := range results {
		if !r.Passed {
			t.Errorf("%s: %s", r.ID, strings.Join(r.Problems, "\n\t"))
		}
	}
}

// planted is a session that breaks every promise that author check keeps.
const planted = `---
id: "1.1"
title: T
minutes: 90
steps: {review: 10, concept: 20, exercise: 30, challenge: 20, wrap-up: 10}
reset: [hello]
predictions:
  - {id: n, step: concept, question: How many?, kind: number, answer: {sql: select 1}}
criteria:
  - {id: always, title: A, kind: sql, expect: {query: select 1, value: 1}, cause: c, next: n}
  - {id: never, title: N, kind: sql, expect: {query: select 1, value: 2}, cause: c, next: n}
  - {id: rows, title: R, kind: rows, expect: {table: hello, min: 1}, cause: c, next: n}
solution:
  - sql: {sql: "create table hello (a int); insert into hello values (1)"}
wrong:
  - id: passes
    title: a right answer
    fails: [rows]
    do: [{solution: true}]
  - id: broken
    title: does not run
    fails: [rows]
    do: [{sql: {sql: selec 1}}]
---
## Review: A
short
## Concept: B
Obviously, see [this](missing.png) and [that](../../secret) and [there](https://example.org/x).
Run pipewright run 9.9 now! Then pipewright run 1.1 load.
` + "```\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n```" + `
## Exercise: C
## Challenge: D
## Wrap-up: E
`

func TestAuthorCheckFindsWhatIsWrong(t *testing.T) {
	cat, err := Read(fstest.MapFS{
		"catalogue.yaml":           {Data: []byte(`phases: [{number: 1, title: P, goal: G, weeks: [{number: 1, title: W, goal: G, sessions: [{id: "1.1", title: T, minutes: 90}, {id: "1.2", title: U, minutes: 90}]}]}]`)},
		"week01/1.1-t/session.md":  {Data: []byte(planted)},
		"week01/1.1-t/notes.txt":   {Data: []byte("stray")},
		"week01/1.1-t/starter/a":   {Data: []byte("kept")},
		"week01/1.1-t/solution/in": {Data: []byte("kept")},
	})
	if err != nil {
		t.Fatal(err)
	}
	results := cat.authorCheck(t.Context(), scratchOn(labtest.Database(t)), []string{"1.1", "1.2", "9.9"}, nil)
	if len(results) != 3 || results[0].Passed || results[1].Passed || results[2].Passed {
		t.Fatalf("%+v", results)
	}
	all := strings.Join(results[0].Problems, "\n")
	for _, want := range []string{
		"criterion always passes in the starting state",
		"the solution fails criterion never: expected 2, saw 1",
		"wrong answer passes (a right answer) passes criterion rows",
		"wrong answer broken does not run",
		"2 wrong answers; at least 3 are needed",
		"no wrong answer fails criterion always", "no wrong answer fails criterion never",
		"no hint for criterion rows",
		"a session has predictions and a quiz",
		"the prose never asks prediction n",
		`screen "A": 1 lines; a screen has 6 to 24`,
		`screen "B": a line of 95 columns`,
		`"Obviously" does not belong`, `"w!" does not belong`,
		"a code block of more than 15 lines",
		"the link missing.png leads nowhere", "the link ../../secret leads out",
		"pipewright run 9.9: there is no session 9.9", "pipewright run 1.1 load: there is no lab load",
		"a stray file: notes.txt",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("not found: %s\nin\n%s", want, all)
		}
	}
	for _, bad := range []string{"starter", "example.org", "stray file: solution"} {
		if strings.Contains(all, bad) {
			t.Errorf("%s is a problem:\n%s", bad, all)
		}
	}
	if !strings.Contains(results[1].Problems[0], "has no content") || !strings.Contains(results[2].Problems[0], "there is no session") {
		t.Errorf("%+v", results[1:])
	}
}

// TestAuthorCheckNeverDropsWhatWasThere gives author check a database with a table of a session in it.
func TestAuthorCheckNeverDropsWhatWasThere(t *testing.T) {
	dsn := labtest.Database(t)
	ws := engine.Workspace{Dir: t.TempDir()}
	if err := Prepare(ws); err != nil {
		t.Fatal(err)
	}
	sub, done, err := scratchOn(dsn)(t.Context(), ws)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = done() }()
	if _, err := oneValue(t.Context(), sub, engine.RunQuery{Backend: engine.Postgres, SQL: "create table leads (mine text); insert into leads values ('precious')"}); err != nil {
		t.Fatal(err)
	}
	results := AuthorCheck(t.Context(), scratchOn(dsn), []string{"1.4"})
	if len(results) != 1 || results[0].Passed || !strings.Contains(fmt.Sprint(results[0].Problems), "already has a table leads") {
		t.Fatalf("%+v", results)
	}
	if v, err := oneValue(t.Context(), sub, engine.RunQuery{Backend: engine.Postgres, SQL: "select mine from leads"}); err != nil || v != "precious" {
		t.Fatal(v, err)
	}
}

func TestStartCopiesStartersOverNothing(t *testing.T) {
	cat, err := Read(fstest.MapFS{
		"catalogue.yaml":                {Data: []byte(`phases: [{number: 1, title: P, goal: G, weeks: [{number: 1, title: W, goal: G, sessions: [{id: "1.1", title: T, minutes: 90}]}]}]`)},
		"week01/1.1-t/session.md":       {Data: []byte(planted)},
		"week01/1.1-t/starter/a.py":     {Data: []byte("a")},
		"week01/1.1-t/starter/sub/b.py": {Data: []byte("b")},
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := cat.Open("1.1")
	if err != nil {
		t.Fatal(err)
	}
	j, ws := journalIn(t)
	if err := os.WriteFile(ws.Dir+"/a.py", []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	states, err := Start(t.Context(), ws, j, s)
	if err != nil || len(states) != 2 || !states[0].Changed || states[0].Made || !states[1].Made {
		t.Fatalf("%+v %v", states, err)
	}
	a, _ := os.ReadFile(ws.Dir + "/a.py")
	b, _ := os.ReadFile(ws.Dir + "/sub/b.py")
	if string(a) != "mine" || string(b) != "b" {
		t.Errorf("%q %q", a, b)
	}
	if entries, _, _ := j.Read(); len(entries) != 1 || entries[0].Type != SessionOpened {
		t.Errorf("%+v", entries)
	}
}
