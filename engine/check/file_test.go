package check_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pipewright/engine"
)

func TestFile(t *testing.T) {
	e := newEnv(t)
	e.file("plain.csv", "status,count\nNew,3\nLost,2\n,1\n")
	e.file("spreadsheet.csv", "\ufeffCount;Status\r\n2;Lost\r\n1;\r\n3.0;New\r\n")
	e.file("renamed.csv", "state,n\nNew,3\nLost,2\n,1\n")
	e.file("wrong.csv", "status,count\nNew,3\nLost,3\n,1\n")
	e.file("short.csv", "status,count\nNew,3\n")
	e.file("double.csv", "status,count\nNew,3\nLost,2\nLost,2\n,1\n")
	e.file("extra.csv", "status,count,share\nNew,3,0.5\nLost,2,0.3\n,1,0.2\n")
	e.file("psql.txt", " status | count \n--------+-------\n New | 3\n")
	e.file("ragged.csv", "status,count\nNew\n")
	e.file("header.csv", "status,count\n")
	e.file("empty.csv", "")
	e.file("binary.csv", "a\x00b\n")
	e.file("times.csv", "id,won,created_at\n1,True,2025-01-01T10:00:00\n2,False,2025-01-02 00:00:00\n")
	eq := func(path string, more m) m {
		more["path"], more["equals"], more["backend"] = path, byStatus, "duckdb"
		return more
	}
	digest := sha256.Sum256([]byte("status,count\n"))
	verdicts(t, e, "file", nil, map[string]m{
		"exists":            {"path": "plain.csv"},
		"columns":           {"path": "plain.csv", "columns": []any{"Status", "count"}, "rows": 3},
		"min rows":          {"path": "plain.csv", "min_rows": 2},
		"equals":            eq("plain.csv", m{}),
		"from spreadsheet":  eq("spreadsheet.csv", m{}),
		"by position":       eq("renamed.csv", m{"any_names": true}),
		"only":              {"path": "extra.csv", "only": []any{"status", "count"}, "equals": byStatus, "backend": "duckdb"},
		"ordered":           {"path": "plain.csv", "equals": byStatus + " order by count desc", "ordered": true, "backend": "duckdb"},
		"truth and time":    {"path": "times.csv", "equals": "select id, won, created_at from leads where id < 3", "backend": "duckdb"},
		"text":              {"path": "plain.csv", "contains": "Lost,2", "absent": []any{"Won"}, "matches": `(?m)^New,\d$`},
		"digest":            {"path": "header.csv", "sha256": hex.EncodeToString(digest[:])},
		"with workspace":    {"path": "plain.csv", "equals": "select status, count from read_csv('{workspace}/plain.csv')", "backend": "duckdb"},
		"digest upper case": {"path": "header.csv", "sha256": strings.ToUpper(hex.EncodeToString(digest[:]))},
	}, map[string]m{
		"absent":            {"path": "absent.csv"},
		"empty":             {"path": "empty.csv"},
		"folder":            {"path": "."},
		"columns":           {"path": "plain.csv", "columns": []any{"count", "status"}},
		"rows":              {"path": "plain.csv", "rows": 4},
		"too few":           {"path": "plain.csv", "min_rows": 4},
		"one figure off":    eq("wrong.csv", m{}),
		"rows missing":      eq("short.csv", m{}),
		"a row twice":       eq("double.csv", m{}),
		"a column too many": eq("extra.csv", m{}),
		"names":             eq("renamed.csv", m{}),
		"psql's form":       eq("psql.txt", m{}),
		"ragged":            eq("ragged.csv", m{}),
		"header only":       eq("header.csv", m{}),
		"binary":            eq("binary.csv", m{}),
		"nothing equals":    {"path": "header.csv", "equals": "select status, 1 as count from leads where false", "backend": "duckdb"},
		"order":             {"path": "plain.csv", "equals": byStatus + " order by count", "ordered": true, "backend": "duckdb"},
		"text missing":      {"path": "plain.csv", "contains": "Lost,3"},
		"text present":      {"path": "plain.csv", "absent": []any{"Lost"}},
		"pattern":           {"path": "plain.csv", "matches": "^Lost"},
		"digest":            {"path": "plain.csv", "sha256": hex.EncodeToString(digest[:])},
	})
	if err := os.Symlink("/dev/zero", e.ws.Dir+"/zero.csv"); err != nil {
		t.Fatal(err)
	}
	if ev := run(t, e, "file", m{"path": "zero.csv"}, nil); ev.Passed || ev.Observed != "not a regular file" {
		t.Errorf("%+v", ev)
	}
}

func TestFileMessageComparesLikeWithLike(t *testing.T) {
	e := newEnv(t)
	e.file("wrong.csv", "status,count\nNew,3\nLost,5\n,1\n")
	ev := run(t, e, "file", m{"path": "wrong.csv", "equals": byStatus, "backend": "duckdb"}, nil)
	if want := "1 of 3 differ: saw (Lost, 5), expected (Lost, 2)"; ev.Observed != want {
		t.Fatalf("saw %q", ev.Observed)
	}
}

func loadedOf(e *env) engine.Loaded {
	content := "email\na\nb\nc\nd\ne\n"
	sum := sha256.Sum256([]byte(content))
	e.file("data/in.csv", content)
	e.file("reports/bad.csv", "row,line,column,value,reason,record\n2,3,email,b,no @,b\n5,6,email,e,seen before,e\n")
	return engine.Loaded{Backend: engine.Postgres, Table: "public.leads", Source: "data/in.csv", Mode: engine.Replace,
		Digest: hex.EncodeToString(sum[:]), RowsRead: 5, Accepted: 3, Rejected: 1, Duplicates: 1, Quarantine: "reports/bad.csv", At: time.Now()}
}

func TestLoad(t *testing.T) {
	e := newEnv(t)
	right := loadedOf(e)
	with := func(f func(*engine.Loaded)) engine.Loaded { l := right; f(&l); return l }
	quarantine := func(name, text string) engine.Loaded {
		return with(func(l *engine.Loaded) { l.Quarantine = "reports/" + name; e.file(l.Quarantine, text) })
	}
	e.file("data/edited.csv", "email\na\n")
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte("email\na\nb\nc\nd\ne\n"))
	_ = z.Close()
	e.bytes("data/in.csv.gz", packed.Bytes())
	e.file("data/bom.csv", "\ufeffemail\na\nb\nc\nd\ne\n")
	e.file("reports/outside.csv", "row,reason\n1,x\n2,y\n")
	loads := map[string]engine.Loaded{
		"ok":        right,
		"absolute":  with(func(l *engine.Loaded) { l.Quarantine = e.ws.Dir + "/reports/bad.csv" }),
		"gz":        with(func(l *engine.Loaded) { l.Source = "data/in.csv.gz" }),
		"bom":       with(func(l *engine.Loaded) { l.Source = "data/bom.csv" }),
		"clean":     with(func(l *engine.Loaded) { l.Accepted, l.Rejected, l.Duplicates, l.Quarantine = 5, 0, 0, "" }),
		"lost":      with(func(l *engine.Loaded) { l.Accepted = 2 }),
		"no file":   with(func(l *engine.Loaded) { l.Quarantine = "reports/gone.csv" }),
		"no path":   with(func(l *engine.Loaded) { l.Quarantine = "" }),
		"twice":     quarantine("twice.csv", "row,line,column,value,reason\n2,3,email,b,no @\n2,3,email,b,no dot\n"),
		"no reason": quarantine("noreason.csv", "row,line,column,value,reason\n2,3,email,b,no @\n5,6,email,e, \n"),
		"short":     quarantine("short.csv", "row,line,column,value,reason\n2,3,email,b,no @\n"),
		"row 9":     quarantine("row9.csv", "row,line,column,value,reason\n2,3,email,b,no @\n9,6,email,e,x\n"),
		"no column": quarantine("nocol.csv", "row,line\n2,3\n5,6\n"),
		"edited":    with(func(l *engine.Loaded) { l.Source = "data/edited.csv" }),
		"moved":     with(func(l *engine.Loaded) { l.Source = "data/gone.csv" }),
		"no digest": with(func(l *engine.Loaded) { l.Digest = "" }),
	}
	verdicts(t, e, "load", loads, map[string]m{
		"read":       {"lab": "ok", "rows_read": 5},
		"accepted":   {"lab": "ok", "accepted": 3, "rejected": 1, "duplicates": 1, "set_aside": 2},
		"sums":       {"lab": "ok", "sums": true},
		"quarantine": {"lab": "ok", "quarantine": true, "min_reasons": 2},
		"absolute":   {"lab": "absolute", "quarantine": true},
		"none bad":   {"lab": "clean", "quarantine": true},
		"source":     {"lab": "ok", "source": true},
		"source gz":  {"lab": "gz", "source": true},
		"source bom": {"lab": "bom", "source": true},
		"mode":       {"lab": "ok", "mode": "replace"},
	}, map[string]m{
		"not run":     {"lab": "other", "rows_read": 5},
		"read":        {"lab": "ok", "rows_read": 6},
		"accepted":    {"lab": "ok", "accepted": 5},
		"set aside":   {"lab": "ok", "set_aside": 1},
		"sums":        {"lab": "lost", "sums": true},
		"no file":     {"lab": "no file", "quarantine": true},
		"no path":     {"lab": "no path", "quarantine": true},
		"twice":       {"lab": "twice", "quarantine": true},
		"no reason":   {"lab": "no reason", "quarantine": true},
		"short":       {"lab": "short", "quarantine": true},
		"row 9":       {"lab": "row 9", "quarantine": true},
		"no column":   {"lab": "no column", "quarantine": true},
		"few reasons": {"lab": "ok", "min_reasons": 3},
		"edited":      {"lab": "edited", "source": true},
		"moved":       {"lab": "moved", "source": true},
		"no digest":   {"lab": "no digest", "source": true},
		"mode":        {"lab": "ok", "mode": "append"},
	})
}

func TestProcess(t *testing.T) {
	e := newEnv(t)
	e.file(".env", "# a comment\nPGDATABASE=crm_dev\nexport PGUSER='ann'\n")
	e.file("bin/hello", "#!/bin/sh\necho hello from $PWD\n")
	if err := os.Chmod(e.ws.Dir+"/bin/hello", 0o755); err != nil {
		t.Fatal(err)
	}
	sh := func(script string, more m) m {
		more["command"], more["args"] = "sh", []any{"-c", script}
		return more
	}
	verdicts(t, e, "process", nil, map[string]m{
		"exit 0":      sh("true", m{}),
		"exit 3":      sh("exit 3", m{"exit": 3}),
		"contains":    sh("echo loaded 400 rows", m{"stdout_contains": []any{"400", "rows"}}),
		"equals":      sh(`printf ' 400\r\n'`, m{"stdout_equals": "400"}),
		"matches":     sh("echo PostgreSQL 18.3 on x", m{"stdout_matches": `^PostgreSQL \d+`}),
		".env":        sh("echo $PGDATABASE $PGUSER", m{"stdout_equals": "crm_dev ann"}),
		"own env":     sh("echo $PGDATABASE", m{"env": m{"PGDATABASE": "other"}, "stdout_equals": "other"}),
		"stdin":       sh("cat", m{"stdin": "in", "stdout_equals": "in"}),
		"in folder":   {"command": "./hello", "dir": "bin", "stdout_contains": "bin"},
		"own program": {"command": "bin/hello", "stdout_contains": "hello"},
	}, map[string]m{
		"exit code":    sh("echo it broke >&2; exit 1", m{}),
		"signal":       sh("kill -9 $$", m{}),
		"contains":     sh("echo 40", m{"stdout_contains": []any{"400"}}),
		"equals":       sh("echo 4000", m{"stdout_equals": "400"}),
		"matches":      sh("echo MySQL", m{"stdout_matches": `^PostgreSQL`}),
		"stderr only":  sh("echo 400 >&2", m{"stdout_contains": []any{"400"}}),
		"no program":   {"command": "no-such-program-here"},
		"no folder":    {"command": "true", "dir": "nowhere"},
		"not a script": {"command": "./.env"},
		"time":         sh("sleep 60", m{"within": "100ms"}),
		"output":       sh("yes", m{"output_limit": 1000}),
	})
	if ev := run(t, e, "process", sh("echo it broke >&2; exit 1", m{}), nil); !strings.Contains(ev.Observed, "it broke") {
		t.Errorf("%+v", ev)
	}
}

// TestProcessGroup checks that what a command starts ends with it: at a time limit, and after a
// command that leaves a child behind with the output open.
func TestProcessGroup(t *testing.T) {
	for name, script := range map[string]string{
		"time limit": `sleep 60 & echo $! > child; wait`,
		"left alone": `sleep 60 & echo $! > child`,
	} {
		e := newEnv(t)
		started := time.Now()
		run(t, e, "process", m{"command": "sh", "args": []any{"-c", script}, "within": "300ms"}, nil)
		if d := time.Since(started); d > 10*time.Second {
			t.Errorf("%s: took %s", name, d)
		}
		pid, err := os.ReadFile(e.ws.Dir + "/child")
		if err != nil {
			t.Fatal(err)
		}
		awaitGone(t, strings.TrimSpace(string(pid)))
	}
}

// awaitGone waits until a process has ended; a signal takes effect a moment after it was sent.
func awaitGone(t *testing.T, pid string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(5 * time.Second)
	for {
		state := procState(pid)
		if state == "" || state == "Z" {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Errorf("child %s is still in state %s", pid, state)
			return
		}
	}
}

// procState is the state letter of a process from /proc, empty when there is none.
func procState(pid string) string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%s/stat", pid))
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return rest[:1]
}
