package query_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"pipewright/engine"
	"pipewright/engine/internal/postgres/pgtest"
	"pipewright/engine/query"
)

const million = `select i, 'row ' || i as name, i * 1.5 as amount, i % 2 = 0 as even, 'somebody' || i || '@example.com' as email
	from generate_series(1, 1000000) t(i)`

// heap is what is in use behind a collection.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// resident is the process's resident memory, which holds what DuckDB uses; 0 where it is not known.
func resident() int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(b), &size, &pages); err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

func TestAMillionRowsStream(t *testing.T) {
	both(t, func(t *testing.T, c conn) {
		run(t, c, sqlOf("select 1"), query.Options{})
		base, rss := heap(), resident()
		var most uint64
		var mostRSS, rows int64
		begun := time.Now()
		err := query.Run(context.Background(), c, sqlOf(million), query.Options{}, func(e engine.Event) error {
			if r, ok := e.(engine.ResultRows); ok {
				if rows += int64(len(r.Rows)); rows%100_000 == 0 {
					most, mostRSS = max(most, heap()), max(mostRSS, resident())
				}
			}
			return nil
		})
		if err != nil || rows != 1_000_000 {
			t.Fatalf("%d rows, %v", rows, err)
		}
		grown, grownRSS := int64(most)-int64(base), mostRSS-rss
		t.Logf("1,000,000 rows in %v, heap +%d KB, resident +%d MB", time.Since(begun).Round(time.Millisecond), grown>>10, grownRSS>>20)
		if grown > 32<<20 || grownRSS > 160<<20 {
			t.Errorf("the heap grew by %d MB, the process by %d MB", grown>>20, grownRSS>>20)
		}
	})
}

func TestAMillionRowsExport(t *testing.T) {
	for _, format := range []engine.ExportFormat{engine.FormatCSV, engine.FormatJSONLines, engine.FormatParquet} {
		both(t, func(t *testing.T, c conn) {
			path := filepath.Join(t.TempDir(), "out")
			base, rss := heap(), resident()
			var most uint64
			var mostRSS int64
			begun := time.Now()
			events := 0
			sql := million
			if format == engine.FormatJSONLines {
				sql = strings.Replace(million, "1000000", "200000", 1) // it shares all but its encoder with CSV
			}
			err := query.Run(context.Background(), c, exportOf(sql, format, path), withParquet, func(e engine.Event) error {
				if p, ok := e.(engine.Progress); ok {
					if events++; events%8 == 0 {
						most, mostRSS = max(most, heap()), max(mostRSS, resident())
					}
					if p.Rows > 1_000_000 || p.Stage != "export" || p.Unit == "" {
						t.Errorf("%+v", p)
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s in %v, heap +%d KB, resident +%d MB, %d reports", format, time.Since(begun).Round(time.Millisecond), (int64(most)-int64(base))>>10, (mostRSS-rss)>>20, events)
			if most > base+32<<20 || mostRSS-rss > 300<<20 {
				t.Errorf("%s: the heap grew by %d MB, the process by %d MB", format, (most-base)>>20, (mostRSS-rss)>>20)
			}
			if format == engine.FormatCSV {
				if n := countLines(t, path); n != 1_000_001 {
					t.Errorf("%d lines", n)
				}
			}
		})
	}
}

// cancelled runs a query that does not end by itself and cancels it when it has begun. It gives how long
// the end took.
func cancelled(t *testing.T, c conn, sql string, slow time.Duration) time.Duration {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var at time.Time
	err := query.Run(ctx, c, sqlOf(sql), query.Options{}, func(e engine.Event) error {
		switch e.(type) {
		case engine.ResultRows, engine.ResultStart:
			if at.IsZero() {
				at = time.Now()
				time.AfterFunc(20*time.Millisecond, cancel)
			}
			select { // a slow reader, which stops when it is told to
			case <-time.After(slow):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	var e *engine.Error
	if !errors.As(err, &e) || e.Kind != engine.Interrupted {
		t.Errorf("%s: %v", sql, err)
	}
	return time.Since(at)
}

func TestCancelEndsTheWorkOnTheServer(t *testing.T) {
	dsn := pgtest.Database(t)
	watcher := openPostgres(t, dsn)
	for _, sql := range []string{
		"select i, repeat('x', 1000) from generate_series(1, 2000000) i",
		"select pg_sleep(60)",
		"select i from generate_series(1, 100000000) i order by md5(i::text)",
		"insert into t select i from generate_series(1, 100000000) i returning a",
		"do $$ begin perform pg_sleep(60); end $$",
	} {
		c := openPostgres(t, dsn)
		run(t, c, sqlOf("create table if not exists t (a int)"), query.Options{})
		took := cancelled(t, c, sql, 50*time.Millisecond)
		if took > 2*time.Second {
			t.Errorf("%s: it took %v to end", sql, took)
		}
		out := run(t, watcher, sqlOf(fmt.Sprintf("select state, query from pg_stat_activity where pid = %d and state <> 'idle'; select count(*) from t", c.PID())), query.Options{})
		if out.err != nil || len(out.results[0].rows) != 0 || texts(out.results[1].rows) != "0" {
			t.Errorf("%s: left behind %s, %v", sql, texts(out.results[0].rows), out.err)
		}
		if out := run(t, c, sqlOf("select 1"), query.Options{}); out.err != nil {
			t.Errorf("%s: the session is not usable behind it: %v", sql, out.err)
		}
	}
}

func TestCancelOfDuckDB(t *testing.T) {
	c := openDuck(t)
	run(t, c, sqlOf("create table t (a bigint)"), query.Options{})
	for _, sql := range []string{
		"select i, repeat('x', 1000) from range(100000000) t(i)",
		"select count(*) from range(1000000) a(i), range(1000000) b(j) where i * j % 7 = 3",
		"insert into t select i from range(10000000000) t(i)",
	} {
		ctx, cancel := context.WithCancel(context.Background())
		timer := time.AfterFunc(100*time.Millisecond, cancel)
		begun := time.Now()
		err := query.Run(ctx, c, sqlOf(sql), query.Options{}, func(engine.Event) error {
			select {
			case <-time.After(50 * time.Millisecond):
			case <-ctx.Done():
			}
			return ctx.Err()
		})
		timer.Stop()
		cancel()
		var e *engine.Error
		if !errors.As(err, &e) || e.Kind != engine.Interrupted {
			t.Errorf("%s: %v", sql, err)
		}
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("%s: it took %v", sql, took)
		}
		if out := run(t, c, sqlOf("select count(*) from t"), query.Options{}); out.err != nil || texts(out.results[0].rows) != "0" {
			t.Errorf("%s: %v %v", sql, out.results, out.err)
		}
	}
}

func TestAReaderThatFailsEndsTheStatement(t *testing.T) {
	both(t, func(t *testing.T, c conn) {
		boom := errors.New("boom")
		err := query.Run(context.Background(), c, sqlOf("select i from generate_series(1, 3000000) t(i)"), query.Options{}, func(e engine.Event) error {
			if _, ok := e.(engine.ResultRows); ok {
				return boom
			}
			return nil
		})
		if !errors.Is(err, boom) {
			t.Errorf("%v", err)
		}
		if out := run(t, c, sqlOf("select 1"), query.Options{}); out.err != nil {
			t.Error(out.err)
		}
	})
}

func TestSlowRowsArriveBeforeABatchIsFull(t *testing.T) {
	c := openPostgres(t, pgtest.Database(t))
	batches := 0
	err := query.Run(context.Background(), c, sqlOf("select i, pg_sleep(0.06), repeat('x', 9000) from generate_series(1, 10) i"), query.Options{}, func(e engine.Event) error {
		if _, ok := e.(engine.ResultRows); ok {
			batches++
		}
		return nil
	})
	if err != nil || batches < 3 {
		t.Errorf("%d batches, %v", batches, err)
	}
}

func TestWindow(t *testing.T) {
	both(t, func(t *testing.T, c conn) {
		ctx := context.Background()
		w, err := query.Open(ctx, c, "select i, 'row ' || i as name from generate_series(1, 300000) t(i) order by i; ")
		if err != nil {
			t.Fatal(err)
		}
		at := func(first, n, want int64) {
			t.Helper()
			rows, err := w.Rows(ctx, first, n)
			if err != nil {
				t.Fatalf("%d, %d: %v", first, n, err)
			}
			if int64(len(rows.Rows)) != want || want > 0 && rows.Rows[0][0].Text != fmt.Sprint(rows.First+1) {
				t.Fatalf("%d, %d: %d rows from %s", first, n, len(rows.Rows), texts(rows.Rows[:min(len(rows.Rows), 2)]))
			}
			if len(rows.Columns) != 2 || rows.Columns[1].Name != "name" || rows.Total != -1 && rows.Total != 300000 {
				t.Fatalf("%+v, total %d", rows.Columns, rows.Total)
			}
			for i, r := range rows.Rows {
				if r[1].Text != fmt.Sprintf("row %d", rows.First+int64(i)+1) {
					t.Fatalf("row %d is %s", i, r[1].Text)
				}
			}
		}
		base := heap()
		at(0, 50, 50)
		at(50, 50, 50)
		at(0, 10, 10)
		at(150_000, 100, 100)
		at(149_990, 100, 100)
		at(3, 1, 1)
		at(5, 0, 0)
		at(-10, 100, 10)
		at(299_999, 10, 1)
		at(300_000, 10, 0)
		at(1<<62, 1<<62, 0)
		at(7, 3, 3)
		if grown := int64(heap()) - int64(base); grown > 32<<20 {
			t.Errorf("the heap grew by %d MB", grown>>20)
		}
		if rows, err := w.Rows(ctx, 0, 1); err != nil || rows.Total != 300000 {
			t.Errorf("total %d, %v", rows.Total, err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if out := run(t, c, sqlOf("select 1"), query.Options{}); out.err != nil || c.InTransaction() {
			t.Error(out.err)
		}
	})
}

func TestWindowLeavesNoLock(t *testing.T) {
	dsn := pgtest.Database(t)
	c, other := openPostgres(t, dsn), openPostgres(t, dsn)
	run(t, other, sqlOf("create table t as select i from generate_series(1, 1000) i"), query.Options{})
	ctx := context.Background()
	w, err := query.Open(ctx, c, "table t")
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := w.Rows(ctx, 0, 10); err != nil || len(rows.Rows) != 10 {
		t.Fatal(err)
	}
	// The drop waits for the cursor's transaction, which ends by itself.
	if out := run(t, other, sqlOf("set lock_timeout = '20s'; drop table t"), query.Options{}); out.err != nil {
		t.Fatal(out.err)
	}
	if rows, err := w.Rows(ctx, -5, 10); err != nil || texts(rows.Rows) != "996/997/998/999/1000" {
		t.Errorf("%s %v", texts(rows.Rows), err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

func TestWindowOverOtherStatements(t *testing.T) {
	both(t, func(t *testing.T, c conn) {
		ctx := context.Background()
		run(t, c, sqlOf("create table t (a int)"), query.Options{})
		for sql, want := range map[string]string{
			"insert into t values (1), (2) returning a": "1/2",
			"explain select 1":                          "",
			"values (1, null), (2, 'x')":                "1|∅/2|x",
			"with x as (select 5 as n) select n from x": "5",
			"select a from t where false":               "",
		} {
			w, err := query.Open(ctx, c, sql)
			if err != nil {
				t.Errorf("%s: %v", sql, err)
				continue
			}
			rows, err := w.Rows(ctx, 0, 10)
			if err != nil || want != "" && texts(rows.Rows) != want || rows.Total != int64(len(rows.Rows)) {
				t.Errorf("%s: %s, total %d, %v", sql, texts(rows.Rows), rows.Total, err)
			}
			if err := w.Close(); err != nil {
				t.Error(err)
			}
		}
		for _, sql := range []string{"select 1; select 2", "", "create table u (a int)", "select nope from t", "selec"} {
			_, err := query.Open(ctx, c, sql)
			if e, ok := told(err); !ok || e.What == "" {
				t.Errorf("%s: %v", sql, err)
			} else if strings.Contains(sql, "nope") && (e.SQL != sql || e.Position != 8) {
				t.Errorf("%+v", e)
			}
		}
		if out := run(t, c, sqlOf("select count(*) from t"), query.Options{}); out.err != nil || texts(out.results[0].rows) != "2" {
			t.Errorf("%v", out.err)
		}
	})
}

func TestWindowSurvivesACancelledFetch(t *testing.T) {
	both(t, func(t *testing.T, c conn) {
		sql := "select i from generate_series(1, 3000000) t(i)"
		if c.Backend() == engine.Postgres {
			sql = "select i, case when i > 100 then pg_sleep(0.05) end from generate_series(1, 200) i"
		}
		w, err := query.Open(context.Background(), c, sql)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
		defer cancel()
		_, err = w.Rows(ctx, -1, 1)
		if e, ok := told(err); err != nil && (!ok || e.Kind != engine.Interrupted) {
			t.Errorf("%v", err)
		}
		rows, err := w.Rows(context.Background(), 10, 2)
		if err != nil || rows.Rows[0][0].Text != "11" || len(rows.Rows) != 2 {
			t.Errorf("%v", err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAnErrorWithinAWindow(t *testing.T) {
	both(t, func(t *testing.T, c conn) {
		w, err := query.Open(context.Background(), c, "select 10 / case when i = 250000 then cast('x' || i as int) else 1 end as a from generate_series(1, 300000) t(i)")
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		if rows, err := w.Rows(context.Background(), 0, 10); err != nil || len(rows.Rows) != 10 {
			t.Errorf("%v", err)
		}
		_, err = w.Rows(context.Background(), -10, 10)
		if e, ok := told(err); !ok || e.Kind != engine.Failed {
			t.Errorf("%v", err)
		}
	})
}
