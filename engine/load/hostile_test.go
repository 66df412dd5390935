//go:build unix

package load_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"pipewright/engine"
)

// TestWhatCannotBeLoadedIsRefusedInASentence: each refusal says what, and leaves no table.
func TestWhatCannotBeLoadedIsRefusedInASentence(t *testing.T) {
	packed := gzipped(leadsFile(2000))
	wide := strings.TrimSuffix(strings.Repeat("c,", 5000), ",")
	var numbered []string
	for i := range 5000 {
		numbered = append(numbered, "c"+string(rune('a'+i%26))+strings.Repeat("x", i/26))
	}
	for _, c := range []struct {
		name, content, schema string
		says                  []string
	}{
		{"empty", "", "leads", []string{"is empty"}},
		{"binary", "\x00\x01\x02\xff\xfe\x00garbage\x00\n\x00\x00", "infer", []string{"", ""}},
		{"unclosed quote", leadsHeader + "\"Acme,Ann,a@b.example,,New,\n", "leads", []string{"never closed", "line 2"}},
		{"truncated gzip", packed[:len(packed)/2], "leads", []string{"ends too early"}},
		{"duplicate names", "a,b,A\n1,2,3\n", "infer", []string{"both named"}},
		{"an empty name", "a,,c\n1,2,3\n", "infer", []string{"no name"}},
		{"same names 5,000 times", wide + "\n", "infer", []string{"5000 columns"}},
		{"5,000 columns", strings.Join(numbered, ",") + "\n", "infer", []string{"5000 columns", "1600"}},
		{"an unknown column", "company_name,email,colour\nA,a@b.example,red\n", "leads", []string{`leads has no column "colour"`}},
		{"a missing column", "company_name,status\nA,New\n", "leads", []string{`no column "email"`, "requires"}},
		{"a long name", strings.Repeat("n", 64) + ",b\n1,2\n", "infer", []string{"63"}},
		{"a system column", "ctid,b\n1,2\n", "infer", []string{"ctid"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPostgres(t)
			r := newLoading(t, c.content).into("leads", c.schema).on(t, p)
			if r.err == nil {
				t.Fatalf("it was loaded: %+v", r.loaded)
			}
			for _, s := range c.says {
				if !strings.Contains(r.err.Error(), s) {
					t.Errorf("%q does not say %q", r.err.Error(), s)
				}
			}
			if r.err.Kind != engine.Failed || strings.ContainsAny(r.err.Error(), "\n\x00\x1b") {
				t.Errorf("%s: %q", r.err.Kind, r.err.Error())
			}
			p.quiet(t)
			same(t, "no table", p.rows("select relname from pg_class where relnamespace = 'public'::regnamespace"), nil)
		})
	}
}

func TestPathsThatAreNoFiles(t *testing.T) {
	p := newPostgres(t)
	l := newLoading(t, "").into("leads", "leads")
	for path, says := range map[string]string{
		filepath.Join(l.ws.Dir, "absent.csv"): "no such file",
		l.ws.Dir:                              "folder",
	} {
		l.req.Path = path
		if r := l.on(t, p); r.err == nil || !strings.Contains(r.err.Error(), says) {
			t.Errorf("%s: %v", path, r.err)
		}
	}
}

func TestRequestsThatMakeNoSense(t *testing.T) {
	p := newPostgres(t)
	for says, change := range map[string]func(*loading){
		"no schema named":          func(l *loading) { l.req.Schema = "nonsense" },
		"no mode":                  func(l *loading) { l.req.Mode = "merge" },
		"no table":                 func(l *loading) { l.req.Table = "" },
		"needs a key":              func(l *loading) { l.req.Schema, l.req.Mode = "infer", engine.Upsert },
		"not a quarantine file":    func(l *loading) { l.req.Quarantine = l.precious(t) },
		"is the file to be":        func(l *loading) { l.req.Quarantine = l.req.Path },
		"is a folder":              func(l *loading) { l.req.Quarantine = l.ws.Dir },
		"no schema named \"nope\"": func(l *loading) { l.req.Table = "nope.leads" },
	} {
		l := newLoading(t, someLeads).into("leads", "leads")
		change(l)
		if r := l.on(t, p); r.err == nil || !strings.Contains(r.err.Error(), says) {
			t.Errorf("%q: %v", says, r.err)
		}
	}
}

// precious makes a file that a load must not touch.
func (l *loading) precious(t *testing.T) string {
	path := filepath.Join(l.ws.Dir, "thesis.txt")
	if err := os.WriteFile(path, []byte("years of work"), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBadBytesAreQuarantined(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		content := leadsHeader +
			"Acme,\x1b[31mAnn,ann@example.com,,New,\n" + // terminal escapes are text
			"Acme,Nul\x00,nul@example.com,,New,\n" +
			"Acme,Bad\xc3\x28 and more text that is fine ü,bad@example.com,,New,\n" +
			"\"Acme\"x,Stray,stray@example.com,,New,\n" +
			"5\" pipes,Quote,quote@example.com,,New,\n" +
			strings.Repeat("ü", 255) + ",Long,long@example.com,,New,\n" +
			strings.Repeat("ü", 256) + ",Longer,longer@example.com,,New,\n"
		r := newLoading(t, content).into("leads", "leads").on(t, p)
		if r.err != nil || r.loaded.RowsRead != 7 {
			t.Fatalf("%v %+v", r.err, r.loaded)
		}
		same(t, "table", p.rows("select contact_person from leads order by id"), [][]string{{"\x1b[31mAnn"}, {"Quote"}, {"Long"}})
		var got [][]string
		for _, q := range r.quarantine {
			got = append(got, []string{q[0], q[2], q[4]})
		}
		same(t, "quarantine", got, [][]string{
			{"2", "contact_person", "a NUL byte, which no text column holds"},
			{"3", "contact_person", "bytes that are no text in the file's encoding"},
			{"4", "", "text after a closing quote"},
			{"7", "company_name", "longer than 255 characters"},
		})
	})
}

func TestStandardInputAndFIFO(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		for _, schema := range []string{"leads", "infer"} {
			l := newLoading(t, "").into("t_"+schema, schema)
			l.req.Path, l.o.Stdin = "-", strings.NewReader(leadsFile(3000))
			if r := l.on(t, p); r.err != nil || r.loaded.Accepted != 3000 {
				t.Errorf("stdin, %s: %v %+v", schema, r.err, r.loaded)
			}
			l.req.Path = filepath.Join(l.ws.Dir, "fifo")
			if err := syscall.Mkfifo(l.req.Path, 0o600); err != nil {
				t.Fatal(err)
			}
			go func() {
				f, err := os.OpenFile(l.req.Path, os.O_WRONLY, 0)
				if err == nil {
					_, _ = io.WriteString(f, leadsFile(3000))
					_ = f.Close()
				}
			}()
			if r := l.on(t, p); r.err != nil || r.loaded.Duplicates != 3000 {
				t.Errorf("fifo, %s: %v %+v", schema, r.err, r.loaded)
			}
		}
	})
}

// TestASilentSourceCanBeCancelled: nobody writes to the FIFO, and standard input never ends.
func TestASilentSourceCanBeCancelled(t *testing.T) {
	p := newPostgres(t)
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	silent, w := io.Pipe()
	defer func() { _ = w.Close() }()
	started, w2 := io.Pipe()
	defer func() { _ = w2.Close() }()
	go func() { _, _ = io.WriteString(w2, leadsFile(20_000)) }()
	for name, stdin := range map[string]io.Reader{fifo: nil, "-": silent, "- ": started} {
		for _, schema := range []string{"leads", "infer"} {
			l := newLoading(t, "").into("leads", schema)
			l.req.Path, l.o.Stdin = strings.TrimSpace(name), stdin
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			l.ctx = ctx
			start := time.Now()
			r := l.on(t, p)
			cancel()
			if r.err == nil || r.err.Kind != engine.Interrupted || time.Since(start) > 2*time.Second {
				t.Errorf("%q, %s: %v after %v", name, schema, r.err, time.Since(start))
			}
			p.quiet(t)
		}
	}
}
