-- seq_scan_filter
select * from leads where email like '%99@%';
-- index_scan
set enable_bitmapscan = off; select * from leads where id between 100 and 110 and score > 5;
-- index_backward
select * from leads order by id desc limit 5;
-- index_only
set enable_seqscan = off; set enable_bitmapscan = off; select score from leads where score between 10 and 20;
-- bitmap_and_or
set enable_seqscan = off; set enable_indexscan = off; select * from leads where (created = '2024-03-03' or created = '2024-05-05') and score < 300;
-- bitmap_lossy
set work_mem = '64kB'; set enable_seqscan = off; set enable_indexscan = off; select count(*) from leads where score < 900 and email <> 'x';
-- tid_scan
select * from leads where ctid = '(0,1)';
-- tid_range
select count(*) from leads where ctid < '(5,1)';
-- sample_scan
select count(*) from leads tablesample bernoulli (10) repeatable (1);
-- function_scan
select * from generate_series(1, 10) g(n) where n > 3;
-- rows_from
select * from rows from (generate_series(1, 3), generate_series(1, 5)) as r(a, b);
-- values_scan
select * from (values (1, 'a'), (2, 'b')) v(a, b) where a > 1;
-- table_function
select * from xmltable('/r/i' passing ('<r><i>1</i><i>2</i></r>'::xml) columns n int path '.') x;
-- result_false
select * from leads where false;
-- one_time_filter
select * from leads where current_setting('work_mem') = 'never' limit 1;
-- project_set
select generate_series(1, 3), id from companies limit 7;
-- hash_join
select count(*) from leads l join companies c on c.id = l.company_id where c.country = 'DE';
-- hash_left_join
select c.name, count(l.id) from companies c left join leads l on l.company_id = c.id and l.score > 990 group by c.name;
-- hash_full_join
select count(*) from companies a full join companies b on a.id = b.id + 250;
-- merge_join
set enable_hashjoin = off; set enable_nestloop = off; select count(*) from leads l join companies c on c.id = l.company_id;
-- merge_full_join
set enable_hashjoin = off; select count(*) from companies a full join companies b on a.id = b.id + 250;
-- nested_loop
set enable_hashjoin = off; set enable_mergejoin = off; set enable_memoize = off; select * from companies c join leads l on l.company_id = c.id where c.country = 'DE' and c.id < 20;
-- nested_left_join
set enable_hashjoin = off; set enable_mergejoin = off; select c.id, l.id from companies c left join leads l on l.company_id = c.id and l.score = 3 where c.id < 9;
-- memoize
set enable_hashjoin = off; set enable_mergejoin = off; select count(*) from leads l join companies c on c.id = l.company_id where l.id < 3000;
-- materialize
set enable_hashjoin = off; set enable_mergejoin = off; select count(*) from companies a, companies b where a.country < b.country and a.id < 40;
-- semi_join
select count(*) from companies c where exists (select 1 from leads l where l.company_id = c.id and l.score = 500);
-- anti_join
select count(*) from companies c where not exists (select 1 from leads l where l.company_id = c.id and l.score > 10);
-- aggregate_hash_spill
set work_mem = '64kB'; set enable_sort = off; select email, count(*) from leads group by email;
-- group_aggregate
set enable_hashagg = off; select company_id, avg(score) from leads group by company_id having count(*) > 3;
-- mixed_grouping_sets
select country, name, count(*) from companies group by grouping sets ((country), (name), ());
-- sorted_grouping_sets
set enable_hashagg = off; select country, name, count(*) from companies group by rollup (country, name);
-- group_node
set enable_hashagg = off; set enable_incremental_sort = off; select company_id from leads group by company_id;
-- unique
set enable_hashagg = off; select distinct company_id from leads;
-- distinct_hash
select distinct country from companies;
-- sort_quicksort
select * from companies order by name;
-- sort_external
set work_mem = '64kB'; select * from leads order by email;
-- sort_topn
select * from leads order by email limit 10;
-- incremental_sort
set enable_sort = on; set enable_seqscan = off; select * from leads order by created, email limit 300;
-- window
select id, rank() over (partition by country order by id) from companies;
-- window_run_condition
select * from (select id, row_number() over (order by id) n from leads) x where n <= 10;
-- union_all
select id from companies union all select id from leads where id < 100;
-- union_distinct
select country from companies union select kind from events;
-- intersect_hash
select id from companies intersect select company_id from leads;
-- except_all_sorted
set enable_hashagg = off; select id from companies except all select company_id from leads;
-- merge_append
set enable_seqscan = off; set enable_bitmapscan = off; select * from events order by at limit 20;
-- partition_static
select count(*) from events where at >= '2024-08-01';
-- partition_initial_pruning
set plan_cache_mode = force_generic_plan; prepare q(date) as select count(*) from events where at = $1; explain_execute q('2024-02-02');
-- partition_runtime_pruning
select count(*) from events where at = (select min(created) + 100 from leads);
-- cte_twice
with x as materialized (select company_id, count(*) n from leads group by 1) select count(*) from x a join x b on a.n = b.n and a.company_id < b.company_id;
-- cte_nested_names
with x as materialized (select id from companies where id < 100) select count(*) from x, (with x as materialized (select id from leads where id < 50) select * from x) y where x.id = y.id;
-- cte_recursive
with recursive r(n) as (select 1 union all select n + 1 from r where n < 50) select sum(n) from r;
-- cte_recursive_tree
with recursive r(n) as (select 1 union select (n * 3) % 101 from r) select count(*) from r join companies c on c.id = r.n;
-- initplan
select * from leads where score = (select max(score) from leads) and id < 5000;
-- initplans_many
select (select count(*) from companies where id < 1), (select count(*) from companies where id < 2), (select count(*) from companies where id < 3), (select count(*) from companies where id < 4), (select count(*) from companies where id < 5), (select count(*) from companies where id < 6), (select count(*) from companies where id < 7), (select count(*) from companies where id < 8), (select count(*) from companies where id < 9), (select count(*) from leads where id > 10), count(*) from leads where id > (select min(id) from companies where country = 'FR') and score > (select min(score) from leads where company_id = 3);
-- initplan_row
update companies set (name, country) = (select 'n', 'X') where id = 1;
-- subplan_correlated
select id, (select count(*) from leads l where l.company_id = c.id) from companies c where id < 60;
-- subplan_hashed
select count(*) from leads where company_id not in (select id from companies where country = 'DE') or score is null;
-- subplan_alternative
select count(*) from companies c where exists (select 1 from leads l where l.company_id = c.id) or c.id = 3;
-- subplan_row_compare
select count(*) from companies c where (c.id, 'DE') < (select max(l.id), c.country from leads l where l.company_id = c.id group by c.country);
-- lateral_limit
select c.id, x.id from companies c, lateral (select l.id from leads l where l.company_id = c.id order by created desc limit 2) x where c.id < 30;
-- gather
set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0; select count(*) from leads where email like '%7%';
-- gather_plain
set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0; select id from leads where email like '%77%';
-- gather_merge
set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0; select * from leads order by email, score offset 15000;
-- gather_no_workers
set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0; set max_parallel_workers = 0; select count(*) from leads where email like '%7%';
-- gather_initplan
set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0; select count(*) from leads where score > (select avg(score) from leads);
-- parallel_hash
set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0; set enable_mergejoin = off; select count(*) from leads a join leads b on a.email = b.email;
-- parallel_nested
set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0; set enable_hashjoin = off; set enable_mergejoin = off; set enable_memoize = off; select count(*) from companies c join leads l on l.company_id = c.id where c.country = 'DE';
-- parallel_append
set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0; select count(*) from events where kind like 'c%';
-- parallel_bitmap
set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0; set min_parallel_index_scan_size = 0; set enable_seqscan = off; set enable_indexscan = off; select count(*) from leads where score < 200 and email <> '';
-- parallel_index_only
set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_index_scan_size = 0; set enable_seqscan = off; set enable_bitmapscan = off; select count(*) from leads where id > 10;
-- single_copy
set force_parallel_mode = on; select count(*) from companies;
-- subquery_scan
select * from (select id, name, row_number() over (partition by country order by id) n from companies) x where n = 2;
-- lock_rows
select * from leads where id < 5 for update;
-- insert_values
insert into notes (lead_id, body) values (1, 'a'), (2, 'b');
-- insert_conflict
insert into companies select i, 'dup', 'DE' from generate_series(499, 502) i on conflict (id) do update set name = excluded.name where companies.id <> 499;
-- update_triggers
update notes set body = body || '!' where id < 20;
-- delete_cascade
delete from leads where id <= 5;
-- update_partitioned
update events set kind = 'x' where id % 500 = 0;
-- delete_returning_cte
with gone as (delete from notes where id < 150 returning id) select count(*) from companies;
-- update_cte_read
with gone as (update notes set body = 'z' where id < 150 returning id) select count(*) from gone;
-- merge
merge into notes n using (select 5 + i * 60 as id from generate_series(0, 4) i) s on s.id = n.id when matched and s.id < 100 then delete when matched then update set body = 'm' when not matched then insert (lead_id, body) values (1, 'new');
-- foreign_scan
select count(*) from passwd where line like '%root%';
-- foreign_join
select count(*) from passwd p join companies c on c.name = p.line;
-- quoted_names
set enable_seqscan = off; select * from "Odd Table" "T 1" where "Key (cost=" = 7 and "a b" = 'x (cost=1..2';
-- quoted_values
select * from (values ('it''s'), ('a  b'), ('c"d')) "V 1"("Q q") where "Q q" <> 'zz  Memory: 5kB';
-- jit
set jit = on; set jit_above_cost = 0; set jit_inline_above_cost = 0; set jit_optimize_above_cost = 0; select count(*), sum(score) from leads where score > 3;
-- never_executed
select * from companies c join leads l on l.company_id = c.id where c.id = -1 and l.score > 3;
-- never_executed_limit
select * from leads l where id < 0 and score = (select max(id) from companies);
-- custom_settings
set work_mem = '7MB'; set search_path = public, "Odd Schema"; select 1;
-- worktable_index
with recursive up as (select id, company_id from leads where id = 1 union all select l.id, l.company_id from leads l join up on l.id = up.company_id where l.id <> up.id) select * from up limit 20;
-- wide_in
select count(*) from leads where id in (1, 5, 9, 13, 17, 21, 25, 29, 33, 37, 41, 45, 49, 53, 57, 61, 65, 69, 73, 77, 81, 85, 89, 93, 97, 101, 105, 109, 113, 117);
