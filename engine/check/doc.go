// Package check carries out the checks behind the lines of a checklist: given a criterion and an [Env],
// it observes and returns evidence.
//
// Each kind of criterion is one file and one row of the table in kinds.go. A check compares what it
// observes with what the criterion's spec expects and gives evidence of four parts: expected,
// observed, likely cause, next step. A check that could not be carried out (a backend is down, the
// context ended) is neither passed nor failed: its evidence carries an error. A missing table or file
// is something observed, and fails.
//
// SQL in a spec may say {workspace} for the workspace's folder, quoted as the inside of a SQL string.
package check
