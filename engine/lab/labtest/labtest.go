// Package labtest gives tests outside the engine's tree a PostgreSQL database of their own, on a real
// server.
package labtest

import (
	"testing"

	"pipewright/engine/internal/postgres/pgtest"
)

// Database makes an empty UTF-8 database for the test and gives its address, with the password. The
// database goes when the test ends.
func Database(t testing.TB) string {
	t.Helper()
	return pgtest.Database(t)
}

// Server gives the address of a superuser on the test server, in the database postgres.
func Server(t testing.TB) string {
	t.Helper()
	return pgtest.Server(t)
}

// Main runs the tests of a package and stops the server that they started, if any.
func Main(m *testing.M) { pgtest.Main(m) }

// Workspace makes an empty folder for a workspace whose PostgreSQL is started by the test, and stops that
// server when the test ends.
func Workspace(t testing.TB) string {
	t.Helper()
	return pgtest.Workspace(t)
}
