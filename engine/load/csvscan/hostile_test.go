package csvscan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"pipewright/engine"
)

func gzipped(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zstded(t testing.TB, text string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}()
	return string(w.EncodeAll([]byte(text), nil))
}

func random(n int) string {
	b := make([]byte, n)
	x := uint32(7)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return string(b)
}

// Each of these is refused, in one sentence that says what, where and what to do.
func TestRefusals(t *testing.T) {
	many := "a,b\n" + strings.Repeat("1,2\n", 5000)
	for _, c := range []struct{ name, text, what, where string }{
		{"empty", "", "the file is empty", "x.csv"},
		{"blank lines", "\n\r\n\n", "only blank lines", "x.csv"},
		{"a mark alone", bomUTF8, "only blank lines", "x.csv"},
		{"empty once unpacked", gzipped(t, ""), "empty once unpacked", "x.csv"},
		{"PNG", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "a PNG image", "x.csv"},
		{"ELF", "\x7fELF\x02\x01\x01\x00\x00", "an ELF program", "x.csv"},
		{"zip", "PK\x03\x04\x14\x00", "Excel workbook", "x.csv"},
		{"Parquet", "PAR1\x15\x04\x15", "a Parquet file", "x.csv"},
		{"Parquet in gzip", gzipped(t, "PAR1\x15\x04\x15"), "a Parquet file inside gzip", "x.csv"},
		{"gzip in gzip", gzipped(t, gzipped(t, many)), "gzip data inside gzip", "x.csv"},
		{"a page", "\n<!DOCTYPE html>\n<html>", "an HTML page", "x.csv"},
		{"noise", random(10_000), "binary data", "x.csv"},
		{"zeros", strings.Repeat("\x00", 4096), "binary data", "x.csv"},
		{"UTF-32", "\xff\xfe\x00\x00a\x00\x00\x00", "UTF-32", "x.csv"},
		{"an open quote", "a,b\n1,2\n3,\"x\n4,5\n", "the quote that opens on line 3 is never closed", "x.csv, line 3"},
		{"an open quote, far", many + "\"\n" + many, "the quote that opens on line 5,002 is never closed", "x.csv, line 5,002"},
		{"a second open quote", "a,b\n1,2\n\"x\ny\n\",\"\nz\n", "the quote that opens on line 5 is never closed", "x.csv, line 5"},
		{"too wide", strings.Repeat("c,", 4999) + "c\n1\n", "it has 5,000 columns, and a table holds at most 1,600", "x.csv, line 1"},
		{"much too wide", strings.Repeat("c,", 99_999) + "c\n1\n", "more than 65,536 columns", "x.csv, line 1"},
		{"gzip's head alone", "\x1f\x8b\x08\x00", "the gzip data ends too early, before its first whole row", "x.csv, line 1"},
		{"gzip with noise", gzipped(t, many)[:30] + random(300), "the gzip data is damaged", "x.csv"},
		{"zstd with noise", "\x28\xb5\x2f\xfd" + random(300), "the zstd data", "x.csv"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, _, err := openAll(t, []byte(c.text), Options{Name: "x.csv", MaxColumns: 1600, ChunkSize: 4096})
			var e *engine.Error
			if !errors.As(err, &e) {
				t.Fatalf("it is read: %v", err)
			}
			if !strings.Contains(e.What, c.what) || e.Next == "" || e.Kind != engine.Failed || !strings.HasPrefix(e.Where, c.where) {
				t.Fatalf("%+v", e)
			}
			if strings.ContainsAny(e.Error(), "\n\x00\x1b") {
				t.Fatalf("%q", e.Error())
			}
		})
	}
}

// Packed data that breaks off anywhere is an error that says after which row, and never a whole file.
func TestTruncated(t *testing.T) {
	var text strings.Builder
	text.WriteString("id,name,note\n")
	for i := range 3000 {
		fmt.Fprintf(&text, "%d,%s,%x\n", i, random(i%7 + 1)[:1], i*7919)
	}
	for name, packed := range map[string]string{Gzip: gzipped(t, text.String()), Zstd: zstded(t, text.String())} {
		t.Run(name, func(t *testing.T) {
			for n := 4; n < len(packed); n += 97 {
				_, _, rows, err := openAll(t, []byte(packed[:n]), Options{Name: "x.gz", ChunkSize: 2000})
				var e *engine.Error
				if !errors.As(err, &e) || !strings.Contains(e.What, "the "+name+" data ends too early") || !strings.HasPrefix(e.Where, "x.gz, line ") {
					t.Fatalf("cut at %d of %d: %v", n, len(packed), err)
				}
				row := 0
				if _, err := fmt.Sscanf(strings.ReplaceAll(e.What[strings.Index(e.What, ", ")+2:], ",", ""), "after row %d", &row); err != nil && !strings.Contains(e.What, "before its first") {
					t.Fatal(e.What)
				}
				if row < len(rows) || row > 3000 {
					t.Fatalf("%d rows were given, and it breaks off after %d", len(rows), row)
				}
				if want := fmt.Sprintf("line %s", number(int64(row+2))); row > 0 && !strings.HasSuffix(e.Where, want) {
					t.Fatalf("row %d at %s", row, e.Where)
				}
			}
		})
	}
}

// endless gives a byte for ever and counts what was taken.
type endless struct {
	head string
	b    byte
	n    int64
}

func (e *endless) Read(b []byte) (int, error) {
	n := copy(b, e.head)
	e.head = e.head[n:]
	for i := n; i < len(b); i++ {
		b[i] = e.b
	}
	e.n += int64(len(b))
	return len(b), nil
}

// A line without end is refused with its number, having read and held little more than the limit.
func TestEndlessLine(t *testing.T) {
	for _, c := range []struct{ name, head, what string }{
		{"first", "", "line 1 is longer than 16 MiB"},
		{"third", "a,b\n1,2\n", "line 3 is longer than 16 MiB"},
		{"quoted", "a,b\n1,\"2\n3", "the quote that opens on line 2 is not closed within 16 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &endless{head: c.head, b: 'x'}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _, _, err := open(t, r, Options{})
			runtime.ReadMemStats(&after)
			var e *engine.Error
			if !errors.As(err, &e) || !strings.Contains(e.What, c.what) {
				t.Fatal(err)
			}
			if r.n > 20<<20 {
				t.Fatalf("%d bytes were read", r.n)
			}
			if taken := after.TotalAlloc - before.TotalAlloc; taken > 64<<20 {
				t.Fatalf("%d bytes were allocated", taken)
			}
		})
	}
}

// A file of many delimiters needs no more memory than one of text.
func TestManyCells(t *testing.T) {
	text := "a,b\n" + strings.Repeat(",", 3<<20) + "\n1,2\n"
	_, _, rows, err := openAll(t, []byte(text), Options{})
	if err != nil || len(rows) != 2 || rows[0].Flaws != TooManyFields || len(rows[0].Fields) != MaxFields || rows[1].Row != 2 {
		t.Fatal(err, len(rows))
	}
}

func TestBomb(t *testing.T) {
	line := strings.Repeat("0", 999) + "\n"
	for name, packed := range map[string]string{
		Gzip: gzipped(t, "a\n"+strings.Repeat(line, 30_000)),
		Zstd: zstded(t, "a\n"+strings.Repeat(line, 30_000)),
	} {
		_, _, rows, err := openAll(t, []byte(packed), Options{MaxExpanded: 4 << 20, MaxRatio: 100})
		var e *engine.Error
		if !errors.As(err, &e) || !strings.Contains(e.What, "as a zip bomb does") || len(rows) > 5000 {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
		}
		if _, _, rows, err = openAll(t, []byte(packed), Options{}); err != nil || len(rows) != 30_000 {
			t.Errorf("%s: a small one is refused: %v", name, err)
		}
	}
}

// open is openAll for a reader.
func open(t fataler, r io.Reader, o Options) (Dialect, []string, []row, error) {
	s, err := Open(r, o)
	if err != nil {
		return Dialect{}, nil, nil, err
	}
	rows, err := drain(t, s)
	if cerr := s.Close(); cerr != nil {
		t.Fatalf("closing: %v", cerr)
	}
	return s.Dialect(), s.Header(), rows, err
}

// What is no text in the encoding is kept as it is, in a record that is flagged.
func TestFlaggedNotMangled(t *testing.T) {
	head := "name,note\n" + strings.Repeat("Zoé,x\n", 300_000)
	wide := func(s string) string {
		var b []byte
		for _, c := range []byte(s) {
			b = append(b, c, 0)
		}
		return string(b)
	}
	for _, c := range []struct{ name, text, cell, want string }{
		{"Latin-1 far into UTF-8", head + "Ren\xe9,y\n1,2\n", "Ren\xe9", ""},
		{"half a character at the end", head + "Ren\xc3", "Ren\xc3", ""},
		{"a byte that Windows-1252 has not", "caf\xe9,b\na\x81,c\n1,2\n", "a\x81", ""},
		{"half a pair in UTF-16", bomUTF16LE + wide("a,b\nx,y\n") + "z\x00\x00\xd8" + wide(",1\n2,3\n"), "z\xed\xa0\x80", ""},
		{"half a unit in UTF-16", bomUTF16LE + wide("a,b\nx,y\nz") + "!", "z\xff", ""},
		{"one bad byte in the prefix of UTF-8", "naïve,café\n1,Zoé\n2,\xff\n", "2", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, rows, err := openAll(t, []byte(c.text), Options{Header: HeaderPresent})
			if err != nil {
				t.Fatal(err)
			}
			var bad []row
			for _, r := range rows {
				if r.Flaws != 0 {
					bad = append(bad, r)
				}
			}
			if len(bad) != 1 || bad[0].Flaws != BadEncoding || bad[0].Fields[0] != c.cell {
				t.Fatalf("%+v", bad)
			}
		})
	}
	_, _, rows, err := openAll(t, []byte("a,b\n1,\x00\n2,\x1b[2J\n"), Options{})
	if err != nil || len(rows) != 2 || rows[0].Flaws != HasNUL || rows[1].Flaws != 0 || rows[1].Fields[1] != "\x1b[2J" {
		t.Fatal(rows, err)
	}
}

func TestHeaderOnly(t *testing.T) {
	for _, text := range []string{"name,email", "name,email\n", "\n\nname,email\r\n\n"} {
		d, names, rows, err := openAll(t, []byte(text), Options{})
		if err != nil || len(rows) != 0 || !d.Header || !slices.Equal(names, []string{"name", "email"}) {
			t.Errorf("%q: %v, %q, %d rows, %v", text, d, names, len(rows), err)
		}
	}
}

func TestCheckHeader(t *testing.T) {
	for _, c := range []struct {
		names []string
		what  string
	}{
		{[]string{"a", "b", "ä"}, ""},
		{[]string{"a", " "}, "column 2 has no name in the header"},
		{[]string{"Email", "b", " email"}, `columns 1 and 3 are both named "email"`},
		{[]string{"a\x00"}, "the name of column 1 holds bytes that are no text"},
		{[]string{"caf\xe9"}, "the name of column 1 holds bytes that are no text"},
		{[]string{"\x1b[2J", "\x1b[2J"}, `columns 1 and 2 are both named "\x1b[2J"`},
	} {
		if e := CheckHeader(c.names); c.what == "" != (e == nil) || e != nil && e.What != c.what {
			t.Errorf("%q: %v", c.names, e)
		}
	}
}

func TestForcedDialects(t *testing.T) {
	for _, d := range []Dialect{
		{Delimiter: '\n'}, {Quote: '\r'}, {Delimiter: '"', Quote: '"'}, {Delimiter: 0xe9}, {Quote: '"', Escape: '^'},
		{Encoding: "EBCDIC"}, {LineEnd: "VT"}, {Quote: '\\'},
	} {
		_, err := Open(strings.NewReader("a,b\n"), Options{Dialect: &d})
		var e *engine.Error
		if !errors.As(err, &e) || e.Kind != engine.Usage {
			t.Errorf("%+v: %v", d, err)
		}
	}
	d, names, rows, err := openAll(t, []byte("a\x01\"b\n1\x012\n"), Options{Dialect: &Dialect{Delimiter: 1, Quote: NoQuote, Header: true}})
	if err != nil || names[1] != `"b` || len(rows) != 1 || d.Quote != 0 {
		t.Fatal(d, names, rows, err)
	}
}

func TestOpenFile(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []string{"leads.csv", "leads_2026.csv", "other.txt"} {
		if err := os.WriteFile(filepath.Join(dir, n), []byte("a,b\n1,2\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ path, what, next string }{
		{filepath.Join(dir, "laeds.csv"), "there is no such file", "did you mean leads.csv?"},
		{filepath.Join(dir, "leads.csv.gz"), "there is no such file", "did you mean leads.csv?"},
		{filepath.Join(dir, "zzzzz.zzz"), "there is no such file", "check the path"},
		{filepath.Join(dir, "no", "leads.csv"), "there is no folder " + filepath.Join(dir, "no"), "check the path"},
		{filepath.Join(dir, "other.txt", "leads.csv"), "the file cannot be opened: not a directory", "check the path"},
		{dir, "this is a folder, not a file", "name a file in it, such as leads.csv or leads_2026.csv"},
		{"", "no file was named", "give a path"},
		{"-", "there is no standard input", "give a path"},
	} {
		_, err := OpenFile(c.path, nil, Options{})
		var e *engine.Error
		if !errors.As(err, &e) || !strings.HasPrefix(e.What, c.what) || !strings.HasPrefix(e.Next, c.next) {
			t.Errorf("%s: %v", c.path, err)
		}
	}
	var e *engine.Error
	if err := cannotOpen("x.csv", &fs.PathError{Op: "open", Path: "x.csv", Err: fs.ErrPermission}); !errors.As(err, &e) || e.What != "you may not read this file" {
		t.Error(err)
	}
	s, err := OpenFile(filepath.Join(dir, "leads.csv"), nil, Options{})
	if err != nil || s.Size() != 8 {
		t.Fatal(err)
	}
	if rows, err := drain(t, s); err != nil || len(rows) != 1 || s.Close() != nil || s.Close() != nil {
		t.Fatal(rows, err)
	}
	if s, err = OpenFile("-", strings.NewReader("a\n\"x"), Options{}); err != nil {
		if !errors.As(err, &e) || e.Where != "standard input, line 2" {
			t.Fatal(err)
		}
	} else if _, err = drain(t, s); !errors.As(err, &e) || e.Where != "standard input, line 2" {
		t.Fatal(err)
	}
}
