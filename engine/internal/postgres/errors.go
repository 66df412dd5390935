//go:build unix

package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"pipewright/engine"
)

// asError gives err as an *engine.Error, of kind Unavailable when it is of no other.
func asError(err error) *engine.Error {
	var e *engine.Error
	if errors.As(err, &e) {
		return e
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &engine.Error{Kind: engine.Interrupted, What: "the start of PostgreSQL was not waited for", Err: err}
	}
	return &engine.Error{Kind: engine.Unavailable, What: "PostgreSQL: " + err.Error(), Err: err}
}

func notWaited(ctx context.Context) *engine.Error {
	return &engine.Error{Kind: engine.Interrupted, What: "the start of PostgreSQL was not waited for", Err: context.Cause(ctx)}
}

// told is an error as one sentence: where, and what.
func told(e *engine.Error) string {
	text := e.What
	if e.Where != "" {
		text = e.Where + ": " + text
	}
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// Codes of PostgreSQL's errors, from its manual's appendix A.
const (
	codeWrongPassword  = "28P01"
	codeNotAuthorised  = "28000"
	codeNoDatabase     = "3D000"
	codeAdminShutdown  = "57P01"
	codeCrashShutdown  = "57P02"
	codeNotYet         = "57P03"
	codeTooMany        = "53300"
	codeDuplicateEntry = "42P04"
)

// Gone says whether err means that the server, or the connection to it, went away: the statement may
// be fine, and worth another try when the server is back.
func Gone(err error) bool {
	if err == nil {
		return false
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case codeAdminShutdown, codeCrashShutdown, codeNotYet:
			return true
		}
		return strings.HasPrefix(pg.Code, "08")
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EPIPE) ||
		strings.Contains(err.Error(), "conn closed")
}

// refused says in one sentence why a connection was not made. where is the address without a secret.
func refused(where string, err error) *engine.Error {
	e := &engine.Error{Kind: engine.Unavailable, Where: where, Err: plainCause(err)}
	var pg *pgconn.PgError
	var dns *net.DNSError
	text := strings.ToLower(err.Error())
	switch {
	case errors.As(err, &pg):
		refusedByServer(e, pg)
	case errors.As(err, &dns):
		e.What, e.Next = "there is no host of the name "+dns.Name, "check the address and the network"
	case errors.Is(err, syscall.ECONNREFUSED):
		e.What, e.Next = "nothing listens there", "start that server, or check the port"
	case strings.Contains(text, "server refused tls"):
		e.What, e.Next = "the server has no TLS, and the address asks for it", "add sslmode=prefer or sslmode=disable to the address"
	case strings.Contains(text, "x509:"), strings.Contains(text, "tls:"):
		e.What, e.Next = "the server's certificate is not trusted", "name its authority with sslrootcert, or use sslmode=require"
	case errors.Is(err, context.DeadlineExceeded), strings.Contains(text, "timeout"):
		e.What, e.Next = "the server does not answer", "check the address and the network"
	case errors.Is(err, context.Canceled):
		e.Kind, e.What = engine.Interrupted, "the connection was not waited for"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.What, e.Next = "what listens there does not speak PostgreSQL's protocol", "check the port"
	default:
		e.What, e.Next = "no connection could be made: "+lastCause(err), "check the address"
	}
	return e
}

// refusedByServer fills e from the server's own answer.
func refusedByServer(e *engine.Error, pg *pgconn.PgError) {
	e.SQLState = pg.Code
	e.What, e.Next = "the server refuses the connection: "+pg.Message, "check the address"
	switch pg.Code {
	case codeWrongPassword:
		e.What, e.Next = "the server refuses the password", "check the user and the password in the address"
	case codeNotAuthorised:
		if strings.Contains(pg.Message, "no encryption") || strings.Contains(pg.Message, "SSL off") {
			e.What, e.Next = "the server takes connections with TLS only", "add sslmode=require to the address"
			return
		}
		e.Next = "check the user in the address, and the server's pg_hba.conf"
	case codeNoDatabase:
		e.Next = "create it (createdb), or name another one in the address"
	case codeTooMany:
		e.What, e.Next = "the server has no connection left", "close some, or raise its max_connections"
	case codeNotYet:
		e.What, e.Next = "the server is not ready: "+pg.Message, "try again in a moment"
	}
}

// plainCause drops pgx's wrapping, whose text repeats the address.
func plainCause(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg
	}
	for _, known := range []error{context.DeadlineExceeded, context.Canceled, syscall.ECONNREFUSED, io.EOF} {
		if errors.Is(err, known) {
			return known
		}
	}
	return errors.New(lastCause(err))
}

// lastCause is the text of the innermost error.
func lastCause(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			break
		}
		err = inner
	}
	var many interface{ Unwrap() []error }
	if errors.As(err, &many) {
		if all := many.Unwrap(); len(all) > 0 {
			return lastCause(all[len(all)-1])
		}
	}
	return err.Error()
}
