//go:build unix

package pgtest

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) {
	if os.Getenv(leashVariable) != "" {
		os.Exit(leashed())
	}
	Main(m)
}

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	ctx := t.Context()
	for range 2 {
		conn, err := pgx.Connect(ctx, Database(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
		if _, err := conn.Exec(ctx, "create table leads (id integer)"); err != nil {
			t.Fatal(err)
		}
		var encoding string
		if err := conn.QueryRow(ctx, "show server_encoding").Scan(&encoding); err != nil {
			t.Fatal(err)
		}
		if encoding != "UTF8" {
			t.Errorf("server_encoding is %s, want UTF8", encoding)
		}
	}
}
