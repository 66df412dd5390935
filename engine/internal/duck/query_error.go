package duck

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"pipewright/engine"
)

// queryError tells a failure that DuckDB reports, as JSON or, after SET errors_as_json = false, as text. The
// first skip bytes of what DuckDB saw are not the person's SQL.
func queryError(sql string, skip int, message string) *engine.Error {
	out := &engine.Error{Kind: engine.Failed, SQL: sql, Err: errors.New(message)}
	r, ok := parseJSON(message)
	if !ok {
		r = parseText(message)
	}
	out.What, out.Next = splitHint(r.Message)
	if out.Next == "" {
		out.Next = nextSteps[r.Type]
	}
	if p, err := strconv.Atoi(r.Position); err == nil && p >= skip && p-skip <= len(sql) {
		out.Position = utf8.RuneCountInString(sql[:p-skip]) + 1
	}
	switch r.Type {
	case "Interrupt":
		out.Kind = engine.Interrupted
	case "Fatal":
		out.Kind = engine.Unavailable
		out.Next = "close what uses the database and try again"
	}
	return out
}

// report is DuckDB's JSON form of an error.
type report struct {
	Type     string `json:"exception_type"`
	Message  string `json:"exception_message"`
	Position string `json:"position"`
}

func parseJSON(message string) (report, bool) {
	var r report
	i := strings.IndexByte(message, '{')
	if i < 0 || json.Unmarshal([]byte(message[i:]), &r) != nil || r.Message == "" {
		return r, false
	}
	return r, true
}

// parseText reads "Binder Error: …", without the LINE and caret that may follow, which stand in a cut
// copy of the statement and give no position.
func parseText(message string) report {
	var r report
	text, _, _ := strings.Cut(message, "\nLINE ")
	if kind, rest, ok := strings.Cut(text, " Error: "); ok && !strings.Contains(kind, "\n") {
		r.Type, text = kind, rest
	}
	r.Message = strings.TrimSpace(text)
	return r
}

// splitHint parts DuckDB's message from the advice on its later lines.
func splitHint(message string) (what, next string) {
	what, rest, _ := strings.Cut(strings.TrimSpace(message), "\n")
	what = strings.TrimRight(strings.TrimSpace(what), ".!")
	for _, line := range strings.Split(rest, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if next += line; !strings.HasSuffix(next, ":") {
			break // "Candidate functions:" goes on in the next line
		}
		next += " "
	}
	return what, strings.TrimRight(next, ". ")
}

// nextSteps says what to do about the errors for which DuckDB has no advice, by its own names.
var nextSteps = map[string]string{
	"Parser":             "look at the word at the caret and at what stands before it",
	"Catalog":            "SHOW ALL TABLES lists what there is",
	"Binder":             "DESCRIBE shows a table's columns and their types",
	"Conversion":         "look at the value; try_cast gives NULL where a value does not fit",
	"Constraint":         "look for the row that is already there, or use ON CONFLICT",
	"Out of Memory":      "raise memory_limit, or select less at once",
	"IO":                 "check the path and who may read or write it",
	"TransactionContext": "end the transaction with ROLLBACK, and mend its first error",
}

var lockHolder = regexp.MustCompile(`lock is held in (.*?)\(PID (\d+)\)`)

// openError tells why the file could not be opened. Nothing has been written to it.
func openError(path, message string) *engine.Error {
	text := firstLine(message)
	if r, ok := parseJSON(message); ok {
		text = firstLine(r.Message)
	}
	out := &engine.Error{Kind: engine.Failed, Where: path, Err: errors.New(message)}
	switch {
	case strings.Contains(message, "set lock on file"):
		out.Kind, out.What = engine.Unavailable, "the DuckDB file is in use by another process"
		out.Next = "try again when it has finished"
		if m := lockHolder.FindStringSubmatch(message); m != nil {
			out.What = "the DuckDB file is in use by process " + m[2]
			if name := strings.TrimSpace(m[1]); name != "" {
				out.What += " (" + filepath.Base(name) + ")"
			}
			out.Next = "try again when it has finished, or end it"
		}
	case strings.Contains(message, "not a valid DuckDB database file"):
		out.What, out.Next = "the file is not a DuckDB database", "move it away; an empty database is made in its place"
	case strings.Contains(message, "read a database file with version") || strings.Contains(message, "was created with"):
		out.What, out.Next = "the file was written by another version of DuckDB", "move it away, or export it with the version that wrote it"
	case strings.Contains(message, "Corrupt database file") || strings.Contains(message, "checksum"):
		out.What, out.Next = "the DuckDB file is damaged", "bring it back from a copy, or move it away; an empty database is made in its place"
	case strings.Contains(message, "Permission denied"):
		out.What, out.Next = "the DuckDB file may not be read and written by this user", "check who owns it"
	case strings.Contains(message, "different configuration"):
		out.Kind, out.What, out.Next = engine.Unavailable, "the DuckDB file is open in this process with other settings", "close it there first"
	default:
		out.What, out.Next = "the DuckDB file could not be opened: "+strings.TrimRight(text, ".!"), "move it away; an empty database is made in its place"
	}
	return out
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return s
}

// interrupted is what a cancelled statement gives.
func interrupted(err error) *engine.Error {
	return &engine.Error{Kind: engine.Interrupted, What: "the query was cancelled", Err: errors.Join(context.Canceled, err)}
}
