//go:build unix

package pgtest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// shared is the server of this test process.
var shared struct {
	once    sync.Once
	dsn     string
	err     error
	cluster *Cluster
}

// Server gives the address of a superuser on the test server, and starts it when it is the first call.
func Server(t testing.TB) string {
	t.Helper()
	shared.once.Do(func() {
		if shared.dsn = os.Getenv(DSNVariable); shared.dsn != "" {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		shared.cluster, shared.err = StartCluster(ctx)
		if shared.err == nil {
			shared.dsn = shared.cluster.DSN
		}
	})
	if shared.err != nil {
		t.Fatalf("no PostgreSQL for the test: %v", shared.err)
	}
	return shared.dsn
}

// Database makes an empty UTF-8 database for the test and gives its address, with the password and
// with sslmode. The database goes when the test ends, with whoever is still connected to it.
func Database(t testing.TB) string {
	t.Helper()
	server := Server(t)
	name := databaseName(t.Name())
	execute(t, server, `create database "`+name+`" template template0 encoding 'UTF8'`)
	t.Cleanup(func() { execute(t, server, `drop database if exists "`+name+`" with (force)`) })
	dsn, err := inDatabase(server, name)
	if err != nil {
		t.Fatal(err)
	}
	return dsn
}

// execute runs one statement on a connection of its own.
func execute(t testing.TB, dsn, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatalf("the test server: %v", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// inDatabase is the same address with another database.
func inDatabase(dsn, name string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return "", fmt.Errorf("%s must be a postgres:// address", DSNVariable)
	}
	u.Path = "/" + name
	return u.String(), nil
}

// Main runs the tests of a package and stops the server that they started, if any. A package without a
// TestMain may leave it out: the server ends with the process.
func Main(m interface{ Run() int }) {
	code := m.Run()
	if c := shared.cluster; c != nil {
		if err := c.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest: stopping the server:", err)
		}
	}
	os.Exit(code)
}

func somePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
