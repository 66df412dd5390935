package postgres

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"pipewright/engine"
)

// nextSteps says what to do about the errors that a person meets daily and for which the server has no
// hint of its own, by SQLSTATE or by its class.
var nextSteps = map[string]string{
	"42601": "look at the word at the caret and at what stands before it",
	"42P01": "check the table's name; information_schema.tables lists what there is",
	"42703": "check the column's name; information_schema.columns lists what there is",
	"42883": "check the function's name and the types of its arguments",
	"42803": "put the column into GROUP BY, or into an aggregate such as max()",
	"42702": "write the table's name or alias before the column's",
	"42P07": "drop it first, or write IF NOT EXISTS",
	"42501": "connect as a role that may do this",
	"22P02": "look at the value, and at the type that it is to become",
	"22012": "guard the divisor, for example with nullif(x, 0)",
	"23505": "look for the row that is already there, or use ON CONFLICT",
	"23503": "insert the row that is referred to first",
	"23502": "give the column a value",
	"23514": "look at the table's check constraint and at the value",
	"25P02": "end the transaction with ROLLBACK, and mend its first error",
	"25001": "run it by itself, outside a transaction",
	"40P01": "run it again; the other transaction has gone on",
	"40001": "run the transaction again",
	"53100": "free some disk space and run it again",
	"53200": "give the query less to hold, or the server more memory",
	"53300": "close some connections and try again",
	"55P03": "wait for the other session to end, and run it again",
}

// serverError tells a failure of the server. sql is the text that the server saw, of which the first
// skip characters are not the person's.
func serverError(sql string, skip int, e *pgconn.PgError) *engine.Error {
	out := &engine.Error{Kind: engine.Failed, What: e.Message, Next: sentence(e.Hint), SQL: sql, SQLState: e.Code, Err: e}
	if e.Detail != "" {
		out.What += ": " + sentence(e.Detail)
	}
	if e.Where != "" {
		out.Where, _, _ = strings.Cut(e.Where, "\n")
	}
	switch {
	case e.Position > 0:
		out.Position = int(e.Position) - skip
	case e.InternalPosition > 0:
		out.SQL, out.Position = e.InternalQuery, int(e.InternalPosition)
	}
	if out.Position <= 0 {
		out.Position = 0
	}
	if out.Next == "" {
		out.Next = nextSteps[e.Code]
	}
	if gone(e) {
		out.Kind = engine.Unavailable
		out.What = "PostgreSQL ended the connection: " + e.Message
		out.Next = "run it again when the server is back; pipewright db status shows where it is"
	}
	return out
}

// sentence is a server's sentence as a part of ours: without its full stop.
func sentence(s string) string { return strings.TrimSuffix(strings.TrimSpace(s), ".") }

// gone says whether the error is the last that the session hears: class 57P (the server goes, or an
// administrator ended the session) and class 08 (connection exceptions).
func gone(e *pgconn.PgError) bool {
	return strings.HasPrefix(e.Code, "57P") && e.Code != "57P04" || strings.HasPrefix(e.Code, "08")
}

func lostError(sql string, err error) *engine.Error {
	if e := asPgError(err); e != nil {
		return serverError(sql, 0, e)
	}
	return &engine.Error{Kind: engine.Unavailable, What: "the connection to PostgreSQL was lost while the statement ran", SQL: sql,
		Next: "run it again when the server is back; pipewright db status shows where it is", Err: err}
}

func copyError(sql string) *engine.Error {
	return &engine.Error{Kind: engine.Failed, What: "COPY … STDIN and STDOUT have no stream to use here", SQL: sql,
		Next: "use pipewright load to read a file, or pipewright query --format csv --out to write one"}
}

func parameterError(sql string) *engine.Error {
	return &engine.Error{Kind: engine.Failed, What: "there is no value for the parameter in the statement", SQL: sql,
		SQLState: "42P02", Next: "write the value in its place"}
}

func asPgError(err error) *pgconn.PgError {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// connectError tells why a session could not be opened. It never holds the password.
func connectError(ctx context.Context, err error) *engine.Error {
	if ctx.Err() != nil {
		return interrupted(err)
	}
	out := &engine.Error{Kind: engine.Unavailable, What: "PostgreSQL does not answer",
		Next: "start it with pipewright db start, or check the DSN", Err: err}
	var network net.Error
	switch e := asPgError(err); {
	case e != nil && (e.Code == "28P01" || e.Code == "28000"):
		out.What, out.Next = "PostgreSQL refused the login: "+e.Message, "check the user and the password"
	case e != nil && e.Code == "3D000":
		out.What, out.Next = "PostgreSQL has no such database: "+e.Message, "check the database's name"
	case e != nil:
		out.What, out.Next = "PostgreSQL refused the connection: "+e.Message, nextSteps[e.Code]
	case errors.As(err, &network) && network.Timeout():
		out.What = "PostgreSQL did not answer in time"
	}
	if out.Next == "" {
		out.Next = "try again in a moment"
	}
	return out
}
