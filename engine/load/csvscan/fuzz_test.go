package csvscan

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"pipewright/engine"
)

// row is a record that outlives the parser.
type row struct {
	Fields []string
	Quoted []bool
	Row    int64
	Line   int64
	Raw    string
	Flaws  Flaws
}

func keep(rec Record) row {
	r := row{Row: rec.Row, Line: rec.Line, Raw: string(rec.Raw), Flaws: rec.Flaws}
	for i, f := range rec.Fields {
		r.Fields = append(r.Fields, string(f))
		r.Quoted = append(r.Quoted, rec.IsQuoted(i))
	}
	return r
}

// parseAll splits a whole text with one parser.
func parseAll(d Dialect, data []byte) []row {
	var rows []row
	p := NewParser(d)
	p.reset(data, 1, 1)
	for {
		rec, ok := p.Next()
		if !ok {
			return rows
		}
		rows = append(rows, keep(rec))
	}
}

// fataler is what tests and property tests have in common.
type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

// drain reads a source to its end and checks what chunks promise.
func drain(t fataler, s *Source) ([]row, error) {
	t.Helper()
	var rows []row
	p := NewParser(s.Dialect())
	next, line := int64(1), int64(0)
	for index := 0; ; index++ {
		c, err := s.Next()
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			return rows, err
		}
		if c.Index != index || c.FirstRow != next || c.FirstLine <= line {
			t.Fatalf("chunk %d begins at row %d, line %d; want chunk %d, row %d, a line after %d",
				c.Index, c.FirstRow, c.FirstLine, index, next, line)
		}
		p.Reset(c)
		n := int64(0)
		for {
			rec, ok := p.Next()
			if !ok {
				break
			}
			n++
			line = rec.Line
			rows = append(rows, keep(rec))
		}
		if n != c.Rows || n == 0 {
			t.Fatalf("chunk %d holds %d records and says %d: %q", index, n, c.Rows, c.Data)
		}
		next += n
		c.Release()
	}
}

// FuzzSplitter compares with encoding/csv in its own dialect.
func FuzzSplitter(f *testing.F) {
	for _, s := range []string{
		"a,b\n1,2\n", "a,\"b\nc\",d\r\n\r\n\"\"\"x\"\"\",,\"\"", "\"a\"\"b\",c\"d\n", "\n\n\r\n,\n\"a\" b,c\n",
		"a\rb\r", "\"a\r\nb\"\r\n", "\"\r\r\n\",\r\r\n", "a,\"b", "x,\xff,\x00\n", strings.Repeat("abcdefg,", 9) + "\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		mine := parseAll(Default(), data)
		cutLikeParsed(t, Default(), data, mine)
		for _, r := range mine {
			if !bytes.Contains(data, []byte(r.Raw)) {
				t.Fatalf("%q is not in the text", r.Raw)
			}
			if bad := r.Flaws&BadEncoding != 0; bad == utf8.ValidString(r.Raw) {
				t.Fatalf("%q: encoding flagged %v", r.Raw, bad)
			}
		}
		theirs := csv.NewReader(bytes.NewReader(data))
		theirs.FieldsPerRecord = -1
		for i := 0; ; i++ {
			rec, err := theirs.Read()
			if err == io.EOF {
				if i != len(mine) {
					t.Fatalf("%d records, encoding/csv has %d", len(mine), i)
				}
				break
			}
			if err != nil {
				var pe *csv.ParseError
				if !errors.As(err, &pe) || i >= len(mine) || mine[i].Flaws&(BareQuote|StrayText|UnclosedQuote) == 0 {
					t.Fatalf("encoding/csv refuses record %d (%v), which is not flagged: %+v", i, err, mine)
				}
				break
			}
			if i >= len(mine) {
				t.Fatalf("%d records, encoding/csv has more: %q", len(mine), rec)
			}
			line, _ := theirs.FieldPos(0)
			got := mine[i]
			for k := range got.Fields {
				if got.Quoted[k] {
					// encoding/csv changes line ends inside quoted cells.
					got.Fields[k] = strings.ReplaceAll(got.Fields[k], "\r\n", "\n")
				}
			}
			if !reflect.DeepEqual(got.Fields, rec) || got.Line != int64(line) || got.Row != int64(i+1) ||
				got.Flaws&(BareQuote|StrayText|UnclosedQuote) != 0 {
				t.Fatalf("record %d: %+v, encoding/csv has %q on line %d", i, got, rec, line)
			}
		}
	})
}

// cutLikeParsed checks that the cutter finds the same records and lines as the parser.
func cutLikeParsed(t *testing.T, d Dialect, data []byte, rows []row) {
	t.Helper()
	c := newCutter(d)
	found := c.scan(data, true)
	for _, r := range rows {
		if (r.Flaws&UnclosedQuote != 0) != (found.open >= 0 && r.Row == int64(len(rows))) {
			t.Fatalf("a quote is open at %d, and the parser has %+v", found.open, r)
		}
	}
	want := int64(len(rows))
	if found.open >= 0 {
		want--
	}
	if found.rows != want {
		t.Fatalf("the cutter counts %d records, the parser %d", found.rows, want)
	}
	p := NewParser(d)
	p.reset(data[:found.end], 1, 1)
	for _, ok := p.Next(); ok; _, ok = p.Next() {
	}
	if p.line != found.lines+1 {
		t.Fatalf("the cutter counts %d lines, the parser %d", found.lines, p.line-1)
	}
}

// FuzzSniffer opens anything: no panic, an *engine.Error or records, and the same whatever the chunk size.
func FuzzSniffer(f *testing.F) {
	for _, s := range []string{
		"name;amount\nA;1,50\nB;2,75\n", "a\tb\rc\td\r", "'a','b''c'\n'd','e'\n", "sep=|\na|b\n", "\xff\xfea\x00,\x00b\x00\n\x00",
		"\x1f\x8b\x08", "\x28\xb5\x2f\xfd", "\"a \\\"b\\\" c\",d\n", "id:name\n1:x\n", "\xef\xbb\xbfa,b\n1,\"\n\n2\"\r\r\n\r", "caf\xe9,\x80\n",
		"a,\"b\"c\"d\n\"e", "\\,\"\\\\\",\"\\\"\"\n",
	} {
		f.Add([]byte(s), uint16(16), byte(0), byte(0), byte(0))
	}
	f.Fuzz(func(t *testing.T, data []byte, chunk uint16, delim, quote, ends byte) {
		force := &Dialect{Delimiter: delim, Quote: quote, LineEnd: []string{"", LF, Mixed}[ends%3]}
		d1, names1, rows1, err1 := openAll(t, data, Options{Dialect: force, ChunkSize: len(data) + 1<<16})
		d2, names2, rows2, err2 := openAll(t, data, Options{Dialect: force, ChunkSize: int(chunk)})
		if err1 != nil || err2 != nil {
			forPeople(t, err1)
			forPeople(t, err2)
			return
		}
		if d1 != d2 || !reflect.DeepEqual(names1, names2) {
			t.Fatalf("%v %q, and by small chunks %v %q", d1, names1, d2, names2)
		}
		if !reflect.DeepEqual(rows1, rows2) {
			t.Fatalf("%v\n%+v, and by small chunks\n%+v", d1, rows1, rows2)
		}
	})
}

func openAll(t fataler, data []byte, o Options) (Dialect, []string, []row, error) {
	s, err := Open(bytes.NewReader(data), o)
	if err != nil {
		return Dialect{}, nil, nil, err
	}
	rows, err := drain(t, s)
	if cerr := s.Close(); cerr != nil {
		t.Fatalf("closing: %v", cerr)
	}
	return s.Dialect(), s.Header(), rows, err
}

// forPeople checks that an error is one for people.
func forPeople(t *testing.T, err error) {
	t.Helper()
	var e *engine.Error
	if !errors.As(err, &e) || e.What == "" || e.Next == "" || len(e.Error()) > 600 {
		t.Fatalf("no error for people: %+v", err)
	}
}
