package sql

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"pipewright/engine"
	"pipewright/tui/keys"
	"pipewright/tui/theme"
	"pipewright/tui/widget"
)

var update = flag.Bool("update", false, "write the golden screens anew")

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// rowsOf is a result of any size whose rows are made when they are asked for.
type rowsOf struct {
	columns []engine.Column
	n       int64
	make    func(i int64) []engine.Cell
	known   bool
}

func (r *rowsOf) Columns() []engine.Column { return r.columns }
func (r *rowsOf) Close()                   {}
func (r *rowsOf) Rows(_ context.Context, first, n int64) (engine.RowWindow, error) {
	if first < 0 {
		r.known = true
		first = max(r.n+first, 0)
	}
	w := engine.RowWindow{Columns: r.columns, First: first, Total: -1}
	for i := first; i < min(first+n, r.n); i++ {
		w.Rows = append(w.Rows, r.make(i))
	}
	if got := int64(len(w.Rows)); got < n && (got > 0 || first == 0) {
		r.known = true
	}
	if r.known {
		w.Total = r.n
	}
	return w, nil
}

var leadColumns = []engine.Column{
	{Name: "id", Type: "bigint", Kind: engine.NumberValue}, {Name: "company_name", Type: "character varying(255)"},
	{Name: "email", Type: "text"}, {Name: "score", Type: "numeric(10,2)", Kind: engine.NumberValue},
	{Name: "created_at", Type: "timestamp", Kind: engine.TimeValue}, {Name: "raw", Type: "jsonb", Kind: engine.JSONValue},
}

func leads(n int64) *rowsOf {
	return &rowsOf{columns: leadColumns, n: n, make: func(i int64) []engine.Cell {
		c := []engine.Cell{{Text: fmt.Sprint(i + 1)}, {Text: fmt.Sprintf("Acme %d", i%977)}, {Text: fmt.Sprintf("ann%d@x.io", i)},
			{Text: fmt.Sprintf("%d.%02d", i%5000, i%100)}, {Text: "2025-03-01 08:30:00"}, {Text: fmt.Sprintf(`{"n": %d, "tags": ["a", "b"]}`, i)}}
		switch i % 7 {
		case 2:
			c[2] = engine.Cell{Null: true}
		case 3:
			c[1].Text = "株式会社 東京\x1b[31m"
		case 4:
			c[1].Text = "a company whose name goes on and on for longer than any column should ever be wide"
		}
		return c
	}}
}

// desk is a pane with a shell around it that answers from a made-up result.
type desk struct {
	t     testing.TB
	p     *Pane
	table *keys.Table
	last  keys.Intent
	job   engine.JobID
	req   engine.RunQuery
	rows  engine.Result
	most  int // rows in memory at any time
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	everywhere := []keys.Action{}
	for _, k := range []string{"c", "v", "r", "tab", "z", "esc", "y", "shift+tab", "1", "2", "3", "4", "5", "6", "7", "8", "9", ":", "ctrl+p", "?", "ctrl+z", "q", "ctrl+c"} {
		everywhere = append(everywhere, keys.Action{ID: keys.ID("all." + k), Place: keys.Everywhere, Keys: []string{k}, Title: "t", Help: "h", Command: "c"})
	}
	table, err := keys.NewTable(Modal(), everywhere, Actions())
	if err != nil {
		t.Fatal(err)
	}
	return &desk{t: t, p: New(), table: table}
}

// press presses keys as the shell passes them on, and does what the pane asks for.
func (d *desk) press(ks ...string) *desk {
	for _, k := range ks {
		if a, ok := d.table.Lookup(d.p.Place(), k); ok {
			if a.Place == keys.Everywhere || !d.p.Can(a.ID) {
				continue
			}
			if in := d.p.Do(a.ID); in != nil {
				d.last = in
				d.intent(in)
			}
		} else if d.table.Modal(d.p.Place()) {
			text := k
			if k == "space" {
				text = " "
			} else if len([]rune(k)) > 1 {
				text = ""
			}
			d.p.Type(k, text)
		}
		d.settle()
	}
	return d
}

// typed types text key by key.
func (d *desk) typed(s string) *desk {
	for _, r := range s {
		switch r {
		case '\n':
			d.press("enter")
		case ' ':
			d.press("space")
		default:
			d.press(string(r))
		}
	}
	return d
}

func (d *desk) intent(in keys.Intent) {
	switch in := in.(type) {
	case keys.RunSQL:
		d.job++
		d.req = engine.RunQuery{SQL: in.SQL, Backend: engine.Backend(in.Backend), Scroll: true}
		d.report(engine.Started{Job: d.job, At: noon})
	case keys.ExportSQL:
		d.job++
		d.req = engine.RunQuery{SQL: in.SQL, Backend: engine.Backend(in.Backend), Export: &engine.Export{Path: in.Path}}
		d.report(engine.Started{Job: d.job, At: noon})
	}
}

func (d *desk) report(evs ...engine.Event) *desk {
	for _, ev := range evs {
		if o, ok := ev.(engine.ResultOpen); ok {
			d.rows = o.Result
		}
		d.p.Take(Report{Job: d.job, Request: d.req, Event: ev})
	}
	d.settle()
	return d
}

// settle answers what the pane wants until it wants nothing.
func (d *desk) settle() {
	for range 20 {
		in := d.p.Want()
		f, ok := in.(keys.FetchRows)
		if !ok || d.rows == nil {
			return
		}
		w, err := d.rows.Rows(context.Background(), f.First, f.Count)
		d.p.Take(Rows{Seq: f.Seq, Window: w, Err: err})
		n := 0
		for _, w := range d.p.grid.wins {
			n += len(w.Rows)
		}
		d.most = max(d.most, n)
	}
	d.t.Fatalf("the pane wants rows for ever: %+v", d.p.grid.pending)
}

// opens ends the run with an open result.
func (d *desk) opens(r engine.Result) *desk {
	return d.report(engine.ResultOpen{SQL: d.req.SQL, Result: r, Elapsed: 42 * time.Millisecond},
		engine.Ended{Job: d.job, State: engine.JobDone, Elapsed: 43 * time.Millisecond, At: noon})
}

func (d *desk) fails(e *engine.Error) *desk {
	return d.report(engine.Ended{Job: d.job, State: engine.JobFailed, Err: e, Elapsed: 12 * time.Millisecond, At: noon})
}

// screen is what is drawn, without colours, every line of exactly w cells.
func (d *desk) screen(w, h int) string {
	d.t.Helper()
	d.p.Draw(theme.New(theme.Dark), w, h, true)
	d.settle() // the height is known now
	lines := d.p.Draw(theme.New(theme.Dark), w, h, true)
	if len(lines) != h {
		d.t.Fatalf("%d lines, not %d", len(lines), h)
	}
	out := make([]string, h)
	for i, l := range lines {
		if n := widget.Width(l); n != w {
			d.t.Fatalf("line %d has %d cells, not %d: %q", i, n, w, l)
		}
		out[i] = strings.TrimRight(ansi.Strip(l), " ")
		for _, r := range out[i] {
			if r < ' ' || r == 0x7f {
				d.t.Fatalf("line %d shows a raw %q", i, r)
			}
		}
	}
	return strings.Join(out, "\n") + "\n"
}

var names = Names{Backend: engine.Postgres, Tables: []Table{
	{Schema: "public", Name: "leads", Columns: []string{"id", "company_name", "contact_person", "email", "industry", "status", "created_at"}},
	{Schema: "public", Name: "companies", Columns: []string{"id", "name", "Group", "order"}},
	{Schema: "public", Name: "lead events", Columns: []string{"lead_id", "event"}},
}}

const query = "-- who is new\nselect id, company_name, email, score, created_at, raw\nfrom leads\nwhere status = 'New' and score > 10.5;\n\nselect count(*) from companies;\n"

func written(d *desk) *desk {
	d.p.Take(names)
	d.press("i")
	d.p.Type("", query)
	return d.press("ctrl+home", "down", "down")
}

func TestScreens(t *testing.T) {
	for name, state := range map[string]func(d *desk){
		"empty": func(d *desk) {},
		"down": func(d *desk) {
			d.p.Take(Backends{{Name: engine.Postgres, State: engine.StateFailed, Sentence: "port 5433 is taken by another program", Fix: "pipewright db start"}})
		},
		"typing":  func(d *desk) { written(d).press("ctrl+end").typed("select * from leads where co") },
		"running": func(d *desk) { written(d).press("f5", "esc"); d.p.Take(Tick(noon.Add(1234 * time.Millisecond))) },
		"rows": func(d *desk) {
			written(d).press("f5", "esc").opens(leads(1_000_000))
			d.press("down", "down", "right", "right")
		},
		"last": func(d *desk) {
			written(d).press("f5", "esc").opens(leads(1_000_000)).press("end", "s").opens(leads(1_000_000))
		},
		"none": func(d *desk) { written(d).press("f5", "esc").opens(leads(0)) },
		"error": func(d *desk) {
			written(d).press("f5").fails(&engine.Error{Kind: engine.Failed, What: `column "score" does not exist`, Next: `Perhaps you meant to reference the column "leads.source".`,
				SQLState: "42703", SQL: d.req.SQL, Position: strings.Index(d.req.SQL, "score >") + 1})
		},
		"value": func(d *desk) {
			written(d).press("f5", "esc").opens(leads(100)).press("$", "enter")
		},
		"filter": func(d *desk) {
			written(d).press("f5", "esc").opens(leads(100)).press("right", "right", "/").typed("x_io")
		},
		"filtered": func(d *desk) {
			written(d).press("f5", "esc").opens(leads(100)).press("right", "right", "/").typed("ann").press("enter").opens(leads(80))
		},
		"export": func(d *desk) { written(d).press("f5", "esc").opens(leads(100)).press("x") },
		"several": func(d *desk) {
			written(d).press("f6", "esc")
			for i, s := range []string{"create table t (a int)", "insert into t\nvalues (1), (2)"} {
				d.report(engine.ResultStart{Statement: i, SQL: s}, engine.ResultEnd{Statement: i, Tag: []string{"CREATE TABLE", "INSERT 0 2"}[i], Elapsed: 3 * time.Millisecond})
			}
			d.opens(leads(3))
		},
		"tag": func(d *desk) {
			d.press("i").typed("drop table t").press("f5", "esc")
			d.report(engine.ResultStart{SQL: "drop table t"}, engine.ResultEnd{Tag: "DROP TABLE", Elapsed: 3 * time.Millisecond},
				engine.Ended{Job: d.job, State: engine.JobDone, Elapsed: 4 * time.Millisecond})
		},
	} {
		for _, size := range [][2]int{{80, 19}, {200, 22}, {200, 56}} {
			name := fmt.Sprintf("%s-%dx%d", name, size[0], size[1])
			t.Run(name, func(t *testing.T) {
				d := newDesk(t)
				state(d)
				golden(t, name, d.screen(size[0], size[1]))
			})
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the screen differs from %s (go test ./views/sql -run TestScreens -update writes it anew); now:\n%s", path, got)
	}
}

func TestEachActionIsWhole(t *testing.T) {
	d := newDesk(t)
	if n := len(d.table.All()); n < 60 {
		t.Fatalf("%d actions", n)
	}
}
