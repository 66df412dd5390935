// Package plan reads query plans and says what they mean: one tree for PostgreSQL and DuckDB from any
// form in which people have a plan at hand, times and buffers that add up, two plans aligned, and hints
// that rest on evidence in the plan. It does no I/O.
//
// Where PostgreSQL's output needs interpreting, the source is its own src/backend/commands/explain.c and
// the manual's chapter "Using EXPLAIN".
package plan
