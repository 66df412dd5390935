// Package load brings one delimited file into one table: it sniffs, validates, deduplicates and writes, and
// puts every row that is no good into a quarantine file, with its reason.
//
// [Run] is the whole of it. A file is cut into chunks (package csvscan); workers parse, validate and encode
// them in parallel; one sequential stage, in the order of the file, drops duplicates and hands the rest to a
// [Sink], which has one transaction on one backend. Queues are bounded, and memory does not grow with the
// file.
//
// # What a load decides
//
// rows read = accepted + rejected + duplicates, always.
//
// A duplicate is a row whose key an earlier accepted row of the file has, or, in append mode, a row of the
// table. The first one in the file wins in every mode: which of two rows for one key is the right one is for
// a person to say, and the quarantine file shows both numbers. Keys are compared without regard to the case
// of ASCII letters and to white space around them; the value itself is kept as it stood. A key with an empty
// part equals no other.
//
// append keeps the table's rows, replace removes them in the same transaction and numbers anew from 1,
// upsert updates the columns that the file has in the row with the same key, and adds the others.
//
// Where the schema has no key, a primary key or unique constraint of the table serves, compared as the
// constraint compares. A table with neither is protected by a ledger: the same file is not added
// twice to the same table unless the request says Again.
//
// An empty cell is NULL, or the column's default if it has one, or a fault where the column must be filled.
// A known schema takes its columns by name, in any order and case; columns that it does not know are an
// error, columns that are absent take their defaults.
//
// A record with more or fewer cells than the header, with a NUL, with bytes that are no text in the file's
// encoding or with text after a closing quote is rejected as a whole. A quote inside an unquoted cell is text.
//
// The schema [Infer] gives a column a type only when every cell that is not empty reads so: 007, +44 20 and
// no stay text, as do 1e5 and a date with a time zone other than UTC. Numbers with a point are numeric, never
// double precision.
package load
