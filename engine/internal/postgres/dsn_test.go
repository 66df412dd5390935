//go:build unix

package postgres

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pipewright/engine"
	"pipewright/engine/internal/postgres/pgtest"
)

func TestMasked(t *testing.T) {
	for dsn, want := range map[string]string{
		"postgres://u:secret@h:1/d":                 "postgres://u:****@h:1/d",
		"postgres://u:se@cr:et@h/d?sslmode=require": "postgres://u:****@h/d?sslmode=require",
		"postgres://u@h/d":                          "postgres://u@h/d",
		"postgres://h/d?user=u&password=secret&x=1": "postgres://h/d?user=u&password=****&x=1",
		"postgres://u:a?b/c#d@h/d":                  "postgres://u:****@h/d",
		"host=h user=u password=secret dbname=d":    "host=h user=u password=**** dbname=d",
		`host=h password = 'a \' b' dbname=d`:       "host=h password = **** dbname=d",
		"host=h sslpassword=x password=y":           "host=h sslpassword=**** password=****",
		"":                                          "",
	} {
		if got := Masked(dsn); got != want {
			t.Errorf("Masked(%q) is %q, want %q", dsn, got, want)
		}
	}
}

func TestMaskedHidesAnyPassword(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := "S3" + rapid.StringMatching(`[ -~]{3,12}`).Draw(t, "secret") + "cr3t"
		quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(secret)
		for _, dsn := range []string{
			"postgres://u:" + secret + "@h:5/d",
			"postgres://u:" + url.QueryEscape(secret) + "@h:5/d?sslmode=disable",
			"postgres://h/d?password=" + url.QueryEscape(secret) + "&sslmode=disable",
			"host=h password='" + quoted + "' dbname=d",
		} {
			masked := Masked(dsn)
			if strings.Contains(masked, "cr3t") || strings.Contains(masked, "S3") {
				t.Fatalf("Masked(%q) is %q", dsn, masked)
			}
		}
	})
}

func FuzzMasked(f *testing.F) {
	f.Add("postgres://u:secret@h:1/d?password=x")
	f.Add("host=h password='x")
	f.Fuzz(func(t *testing.T, dsn string) {
		again := Masked(Masked(dsn))
		if again != Masked(dsn) {
			t.Errorf("%q is masked as %q and then as %q", dsn, Masked(dsn), again)
		}
	})
}

func TestAGivenServerIsUsedAsItIs(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	s, _ := newServer(t, Options{DSN: dsn})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := s.Status()
	if b.State != engine.StateUp || b.Version == "" || !strings.Contains(b.Sentence, "as given") {
		t.Errorf("the status is %+v", b)
	}
	name := strings.TrimPrefix(mustURL(t, dsn).Path, "/")
	if got := one(t, s, "select current_database()"); got != name {
		t.Errorf("in database %s, want %s", got, name)
	}
	if got, err := s.ConnString(); err != nil || got != dsn {
		t.Errorf("ConnString gives %v, another address than the given one", err)
	}
	if _, err := os.Stat(s.o.Workspace.Env()); err == nil {
		t.Error(".env was written for a server that is not ours")
	}
	for name, act := range map[string]func(context.Context) error{"stop": s.Stop, "reset": s.Reset} {
		wantError(t, act(t.Context()), engine.Usage, "not ours to "+name)
	}
	if b := s.Inspect(t.Context()); b.State != engine.StateUp || len(b.Settings) == 0 {
		t.Errorf("Inspect gives %+v", b)
	}
	path, env, args, err := s.Psql(t.Context())
	if err != nil {
		t.Skipf("no psql here: %v", err)
	}
	password, _ := mustURL(t, dsn).User.Password()
	if strings.Contains(strings.Join(args, " "), password) || env[0] != "PGPASSWORD="+password || path == "" {
		t.Errorf("psql is run as %s %v", path, args)
	}
}

func mustURL(t *testing.T, dsn string) *url.URL {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// with changes an address.
func with(t *testing.T, dsn string, change func(*url.URL)) string {
	t.Helper()
	u := mustURL(t, dsn)
	change(u)
	return u.String()
}

func TestAGivenServerThatIsNotThereIsTold(t *testing.T) {
	t.Parallel()
	good := pgtest.Database(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	web, err := net.Listen("tcp", "127.0.0.1:0") // hangs up at once
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = web.Close() })
	go func() {
		for {
			conn, err := web.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	const secret = "wr0ng-s3cret"
	for name, c := range map[string]struct {
		dsn   string
		kind  engine.Kind
		parts []string
	}{
		"nothing listens": {"postgres://u:" + secret + "@127.0.0.1:1/d", engine.Unavailable, []string{"127.0.0.1:1/d", "nothing listens"}},
		"no such host":    {"postgres://u:" + secret + "@no-such-host.invalid/d", engine.Unavailable, []string{"no host of the name no-such-host.invalid"}},
		"wrong password": {with(t, good, func(u *url.URL) { u.User = url.UserPassword("postgres", secret) }), engine.Unavailable,
			[]string{"refuses the password"}},
		"no such database":  {with(t, good, func(u *url.URL) { u.Path = "/nowhere" }), engine.Unavailable, []string{`database "nowhere" does not exist`}},
		"no database named": {with(t, good, func(u *url.URL) { u.Path = "" }), engine.Unavailable, []string{`database "crm_dev" does not exist`}},
		"no TLS there":      {with(t, good, func(u *url.URL) { u.RawQuery = "sslmode=require" }), engine.Unavailable, []string{"has no TLS"}},
		"no PostgreSQL":     {"postgres://u:" + secret + "@" + web.Addr().String() + "/d?sslmode=disable", engine.Unavailable, []string{"/d"}},
		"silence":           {"postgres://u:" + secret + "@" + silent.Addr().String() + "/d?connect_timeout=1", engine.Unavailable, []string{"does not answer"}},
		"no number":         {"postgres://u:" + secret + "@h:x/d", engine.Usage, []string{"no address", "the port is no number"}},
		"nonsense":          {"mysql://u:" + secret + "@h/d", engine.Usage, []string{"no address"}},
		"bad mode":          {"host=h password=" + secret + " sslmode=maybe", engine.Usage, []string{"sslmode is"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, heard := newServer(t, Options{DSN: c.dsn})
			err := s.Start(t.Context())
			wantError(t, err, c.kind, c.parts...)
			all := heard.until(t, "failed", func(b engine.BackendStatus) bool { return b.State == engine.StateFailed })
			b := s.Inspect(t.Context())
			said := fmt.Sprint(err, all, b, fmt.Sprintf("%+v", err))
			for e := err; e != nil; {
				said += e.Error()
				next, ok := e.(interface{ Unwrap() error })
				if !ok {
					break
				}
				e = next.Unwrap()
			}
			if strings.Contains(said, secret) {
				t.Errorf("the password is in %s", said)
			}
			if b.State != engine.StateFailed || b.Fix == "" {
				t.Errorf("Inspect gives %+v", b)
			}
		})
	}
}

func TestAServerThatWantsTLSIsTold(t *testing.T) {
	t.Parallel()
	own := started(t, Options{})
	dsn, err := own.ConnString()
	if err != nil {
		t.Fatal(err)
	}
	if err := own.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	hba := filepath.Join(own.Status().DataDir, "pg_hba.conf")
	text, err := os.ReadFile(hba)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.ReplaceAll(string(text), "\nhost  ", "\nhostssl  ")
	if err := os.WriteFile(hba, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	// Our own start now comes up and cannot log in: that is told, too.
	wantError(t, own.Start(t.Context()), engine.Unavailable)
	s, _ := newServer(t, Options{DSN: dsn})
	wantError(t, s.Start(t.Context()), engine.Unavailable, "with TLS only", "sslmode=require")
}

func TestCancellingAStartLeavesTheOthers(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	s, heard := newServer(t, Options{DSN: "postgres://u@" + silent.Addr().String() + "/d?connect_timeout=60"})
	first, cancelFirst := context.WithCancel(t.Context())
	second, cancelSecond := context.WithCancel(t.Context())
	results := make(chan error, 2)
	go func() { results <- s.Start(first) }()
	heard.until(t, "connecting", func(b engine.BackendStatus) bool { return b.State == engine.StateStarting })
	joined := make(chan struct{})
	go func() {
		close(joined)
		results <- s.Start(second)
	}()
	<-joined
	cancelFirst()
	wantError(t, <-results, engine.Interrupted)
	cancelSecond()
	wantError(t, <-results, engine.Interrupted)
	heard.until(t, "down", func(b engine.BackendStatus) bool { return b.State == engine.StateDown })
	late, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	done := make(chan struct{})
	go func() { s.Close(); close(done) }()
	select {
	case <-done:
	case <-late.Done():
		t.Error("Close hangs")
	}
}
