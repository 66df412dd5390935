//go:build unix

package plan

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"pipewright/engine/internal/postgres/pgtest"
)

const hintTables = `
create table orders (id int primary key, customer int, code text, status int, amount numeric, note text, day date);
insert into orders select i, i % 1000, 'C' || i, case when i % 5000 = 0 then 1 else 0 end, i % 77, repeat('x', 40), date '2024-01-01' + i % 300 from generate_series(1, 150000) i;
create table customers (id int, region int, name text);
insert into customers select i, i % 5, 'n' || i from generate_series(1, 1000) i;
create table items (id int primary key, order_id int references orders);
insert into items select i, i from generate_series(1, 60000) i;
create table stale (id int);
create table pairs (a int, b int);
insert into pairs select i % 100, i % 100 from generate_series(1, 100000) i;
create table parts (id int, at date, x int) partition by range (at);
create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.001); return new; end $$;
create table watched (id int, v int);
insert into watched select i, 0 from generate_series(1, 40) i;
create trigger slowly before update on watched for each row execute function slow();
analyze;
create index on orders (customer);
alter table stale set (autovacuum_enabled = off);
alter table orders set (autovacuum_enabled = off);
insert into stale select i from generate_series(1, 20000) i;
analyze stale;
delete from stale where id > 1000;
set jit = off; set max_parallel_workers_per_gather = 0;
`

// hintCases: a query for which a rule speaks, what mends it, and the query after that, for which it is
// silent: the mending is the hint's own advice where that is SQL.
var hintCases = []struct {
	rule, before, sql, mend string
	advice                  string // part of the advice
}{
	{"seq-scan-keeps-little", "", "select * from orders where code = 'C77'", "create index on orders (code)", "create index on orders (code);"},
	{"function-on-column", "", "select * from orders where lower(note || code) = 'x'", "create index on orders ((lower(note || code))); analyze orders", "create index on orders ((lower("},
	{"cast-on-column", "", "select * from orders where status = 1.5", "", "type of the column status"},
	{"pattern-starts-with-wildcard", "", "select * from orders where code like '%49999%'", "create extension if not exists pg_trgm; create index on orders using gin (code gin_trgm_ops)", "gin_trgm_ops"},
	{"index-reads-too-much", "set enable_seqscan = off; set enable_bitmapscan = off", "select * from orders where customer < 50 and status = 1", "create index on orders (status, customer)", "create index on orders (status, customer);"},
	{"misestimate", "", "select * from pairs where a = 5 and b = 5", "create statistics pairs_a_b on a, b from pairs; analyze pairs", "create statistics pairs_a_b on a, b from pairs; analyze pairs;"},
	{"stale-statistics", "", "select * from stale", "analyze stale", "analyze stale;"},
	{"sort-spills", "set work_mem = '64kB'", "select * from orders order by note, code", "set work_mem = '128MB'", "set work_mem = '"},
	{"hash-spills", "set work_mem = '64kB'; set enable_mergejoin = off; set enable_nestloop = off", "select count(*) from orders a join orders b on a.code = b.code", "set work_mem = '128MB'", "set work_mem = '"},
	{"aggregate-spills", "set work_mem = '64kB'; set enable_sort = off", "select code, count(*) from orders group by code", "set work_mem = '128MB'", "set work_mem = '"},
	{"index-only-scan-visits-table", "set enable_seqscan = off; set enable_bitmapscan = off; set enable_indexscan = on", "select count(id) from orders where id > 100", "", "vacuum orders;"},
	{"lossy-bitmap", "set work_mem = '64kB'; set enable_seqscan = off; set enable_indexscan = off", "select count(*) from orders where customer < 700 and note <> ''", "set work_mem = '128MB'", "set work_mem = '"},
	{"nested-loop-scans-table", "set enable_hashjoin = off; set enable_mergejoin = off; set enable_material = off", "select count(*) from customers a join customers b on a.name = b.name", "create index on customers (name)", "customers"},
	{"join-filter-throws-away", "", "select count(*) from customers a join customers b on a.id + b.id = 77", "", "equality"},
	{"correlated-subplan", "", "select (select count(*) from customers c where c.region = o.customer) from orders o where id < 500", "", "left join"},
	{"offset", "", "select * from orders order by id limit 10 offset 50000", "", "last key"},
	{"workers-not-launched", "set max_parallel_workers_per_gather = 2; set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set max_parallel_workers = 0", "select count(*) from orders where note = 'y'", "set max_parallel_workers = 8", "max_parallel_workers"},
	{"cte-keeps-filter-out", "", "with x as materialized (select * from orders) select * from x where id = 5", "", "not materialized"},
	{"foreign-key-without-index", "", "delete from orders where id between 140000 and 140020", "create index on items (order_id)", "items_order_id_fkey"},
	{"slow-trigger", "", "update watched set v = v + 1", "drop trigger slowly on watched", "transition tables"},
	{"jit-costs-more-than-it-gives", "set jit = on; set jit_above_cost = 0; set jit_inline_above_cost = 0; set jit_optimize_above_cost = 0", "select sum(amount), avg(amount), max(code) from orders where id < 10", "set jit = off", "jit = off"},
}

func hintsOf(t *testing.T, tx pgx.Tx, sql string) ([]Hint, *Plan) {
	t.Helper()
	rows, err := tx.Query(context.Background(), "explain (analyze, buffers) "+sql)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	p := parseOne(t, strings.Join(lines, "\n"))
	return Hints(*p), p
}

func findHint(hints []Hint, rule string) *Hint {
	for i := range hints {
		if hints[i].Rule == rule {
			return &hints[i]
		}
	}
	return nil
}

// TestHintsOnServer lets each rule speak on a real plan, follows the advice, and hears it be silent.
func TestHintsOnServer(t *testing.T) {
	ctx := context.Background()
	config, err := pgx.ParseConfig(pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, hintTables); err != nil {
		t.Fatal(err)
	}
	for _, c := range hintCases {
		t.Run(c.rule, func(t *testing.T) {
			tx, err := conn.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback(ctx) }()
			exec := func(sql string) {
				if _, err := tx.Exec(ctx, strings.ReplaceAll(sql, "set ", "set local ")); err != nil {
					t.Fatalf("%v in %s", err, sql)
				}
			}
			exec(c.before)
			if strings.HasPrefix(c.rule, "jit") {
				var has bool
				if err := tx.QueryRow(ctx, "select pg_jit_available()").Scan(&has); err != nil || !has {
					t.Skip("this server was built without JIT", err)
				}
			}
			hints, p := hintsOf(t, tx, c.sql)
			h := findHint(hints, c.rule)
			if h == nil {
				t.Fatalf("silent: %+v\n%s", hints, Explain(p))
			}
			t.Logf("node %d %s: %s → %s", h.Node, p.Nodes[h.Node-1].Type, h.Evidence, h.Advice)
			if !strings.Contains(h.Advice, c.advice) || h.Evidence == "" || h.Source == "" || p.Node(h.Node) == nil {
				t.Errorf("%+v", h)
			}
			if c.mend == "" {
				return
			}
			if strings.Contains(c.mend, "create ") || strings.Contains(c.mend, "drop ") || strings.Contains(c.mend, "analyze") {
				if _, err := tx.Exec(ctx, c.mend); err != nil {
					t.Fatal(err)
				}
			} else {
				exec(c.mend)
			}
			hints, p = hintsOf(t, tx, c.sql)
			if h := findHint(hints, c.rule); h != nil {
				t.Errorf("still speaks after %s: %+v\n%s", c.mend, h, Explain(p))
			}
		})
	}
}

// TestHintsOnCorpus: on small tables, no rule advises an index; and there are no hints without figures.
func TestHintsOnCorpus(t *testing.T) {
	rules := map[string]int{}
	for _, e := range corpus(t) {
		if e.form != "text" {
			continue
		}
		p := parseOne(t, e.json)
		for _, h := range Hints(*p) {
			rules[h.Rule]++
			t.Logf("%s/%s node %d %s %s: %s → %s", e.server, e.query, h.Node, p.Nodes[h.Node-1].Type, h.Rule, h.Evidence, h.Advice)
		}
	}
	t.Log(rules)
	if n := len(nodeRules) + len(planRules); n < 15 {
		t.Errorf("%d rules", n)
	}
	if p := parseOne(t, "Seq Scan on t  (cost=0.00..100000.00 rows=1 width=4)\n  Filter: (a = 1)"); Hints(*p) != nil {
		t.Error("hints for a plan that was not run")
	}
}
