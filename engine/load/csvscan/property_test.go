package csvscan

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"
)

// written is a table as a file, and what is to be read of it.
type written struct {
	text []byte // UTF-8
	rows []row  // the header is the first
	line int64
}

// write appends a record in the dialect. Cells are quoted where they must be, and where all says so. ends
// is the line end.
func (w *written) write(d Dialect, cells []string, all bool, ends string) {
	r := row{Row: int64(len(w.rows)), Line: w.line, Quoted: []bool{}}
	start := len(w.text)
	for i, cell := range cells {
		if i > 0 {
			w.text = append(w.text, d.Delimiter)
		}
		must := strings.ContainsAny(cell, string([]byte{d.Delimiter, d.Quote, '\r', '\n'})) || cell == "" && len(cells) == 1
		r.Fields = append(r.Fields, cell)
		r.Quoted = append(r.Quoted, must || all)
		if !must && !all {
			w.text = append(w.text, cell...)
			continue
		}
		q := string(d.Quote)
		if d.Escape == '\\' {
			cell = strings.NewReplacer(`\`, `\\`, q, `\`+q).Replace(cell)
		} else {
			cell = strings.ReplaceAll(cell, q, q+q)
		}
		w.text = append(append(append(w.text, d.Quote), cell...), d.Quote)
	}
	r.Raw = string(w.text[start:])
	w.text = append(w.text, ends...)
	c := newCutter(d)
	breaks := strings.Count(r.Raw, "\n")
	if c.universal {
		breaks = strings.Count(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(r.Raw), "\n")
	}
	w.line += int64(breaks) + 1
	w.rows = append(w.rows, r)
}

// blank appends a blank line, which is no record.
func (w *written) blank(ends string) {
	if ends == "\n" && bytes.HasSuffix(w.text, []byte("\r")) {
		ends = "\r" // it would be a part of the line end before it
	}
	w.text = append(w.text, ends...)
	w.line++
}

func drawDialect(t *rapid.T) (Dialect, []string) {
	d := Dialect{
		Delimiter: rapid.SampledFrom([]byte{',', ';', '\t', '|', ':', '^', 0x01}).Draw(t, "delimiter"),
		Quote:     rapid.SampledFrom([]byte{'"', '"', '\''}).Draw(t, "quote"),
		Header:    true,
		Encoding:  rapid.SampledFrom([]string{UTF8, UTF8BOM, UTF16LE, UTF16BE, Windows1252, Latin1}).Draw(t, "encoding"),
		LineEnd:   rapid.SampledFrom([]string{LF, CRLF, CR, Mixed}).Draw(t, "line end"),
	}
	d.Escape = d.Quote
	if rapid.Bool().Draw(t, "backslash") {
		d.Escape = '\\'
	}
	ends := map[string][]string{LF: {"\n", "\r\n"}, CRLF: {"\r\n"}, CR: {"\r"}, Mixed: {"\r", "\n", "\r\n"}}[d.LineEnd]
	return d, ends
}

// cellsOf draws cells that have everything in them that matters, in characters that the encoding has.
func cellsOf(d Dialect) *rapid.Generator[string] {
	parts := []string{"", "a", "lead", " ", ",", ";", "\t", "|", "\"", "\"\"", "'", "\\", "\\\"", "\n", "\r", "\r\n", "\x1b[2J", "é", "0", "7"}
	switch d.Encoding {
	case Windows1252:
		parts = append(parts, "€", "Ÿ", "ÿ")
	case Latin1:
		parts = append(parts, "ÿ", "\u0085")
	default:
		parts = append(parts, "日本", "🙂", "\u2028", strings.Repeat("long ", 40))
	}
	return rapid.Map(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 5), func(p []string) string { return strings.Join(p, "") })
}

// store encodes and packs a text.
func store(t *rapid.T, text []byte, enc string, mark bool) []byte {
	var out []byte
	switch enc {
	case UTF8:
		out = text
	case UTF8BOM:
		out = append([]byte(bomUTF8), text...)
	case UTF16LE, UTF16BE:
		units := utf16.Encode([]rune(string(text)))
		if mark {
			units = append([]uint16{0xfeff}, units...)
		}
		for _, u := range units {
			if enc == UTF16LE {
				out = append(out, byte(u), byte(u>>8))
			} else {
				out = append(out, byte(u>>8), byte(u))
			}
		}
	case Windows1252, Latin1:
		m := map[string]*charmap.Charmap{Windows1252: charmap.Windows1252, Latin1: charmap.ISO8859_1}[enc]
		b, err := m.NewEncoder().Bytes(text)
		if err != nil {
			t.Fatal(err)
		}
		out = b
	}
	return out
}

func pack(t *rapid.T, b []byte, how string) []byte {
	var out bytes.Buffer
	add := func(w io.WriteCloser, b []byte) {
		if _, err := w.Write(b); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	switch how {
	case "":
		return b
	case Gzip: // in two members
		half := len(b) / 2
		add(gzip.NewWriter(&out), b[:half])
		add(gzip.NewWriter(&out), b[half:])
	case Zstd:
		z, err := zstd.NewWriter(&out)
		if err != nil {
			t.Fatal(err)
		}
		add(z, b)
	}
	return out.Bytes()
}

// What is written in any dialect, encoding and packing comes back exactly, by chunks of any size and reads
// of any length, with its row and line numbers.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, ends := drawDialect(t)
		columns := rapid.IntRange(1, 40).Draw(t, "columns")
		cells := cellsOf(d)
		w := written{line: 1}
		for range rapid.IntRange(1, 20).Draw(t, "rows") {
			end := rapid.SampledFrom(ends).Draw(t, "end")
			if rapid.IntRange(0, 9).Draw(t, "blank") == 0 {
				w.blank(end)
			}
			n := columns
			if rapid.IntRange(0, 9).Draw(t, "ragged") == 0 {
				n = rapid.IntRange(1, columns).Draw(t, "cells")
			}
			w.write(d, rapid.SliceOfN(cells, n, n).Draw(t, "record"), rapid.Bool().Draw(t, "all"), end)
		}
		if rapid.Bool().Draw(t, "no last line end") {
			w.text = bytes.TrimRight(w.text, "\r\n")
		}
		d.Compression = rapid.SampledFrom([]string{"", Gzip, Zstd}).Draw(t, "compression")
		stored := pack(t, store(t, w.text, d.Encoding, rapid.Bool().Draw(t, "mark")), d.Compression)
		var r io.Reader = bytes.NewReader(stored)
		if rapid.Bool().Draw(t, "by the byte") {
			r = iotest.OneByteReader(r)
		}
		s, err := Open(r, Options{Dialect: &d, ChunkSize: rapid.IntRange(1, 2000).Draw(t, "chunk")})
		if err != nil {
			t.Fatalf("%v: %q", err, w.text)
		}
		got := d
		if s.Dialect() != got {
			t.Fatalf("%v, want %v", s.Dialect(), got)
		}
		if !reflect.DeepEqual(s.Header(), w.rows[0].Fields) {
			t.Fatalf("header %q, want %q", s.Header(), w.rows[0].Fields)
		}
		rows, err := drain(t, s)
		if err != nil {
			t.Fatal(err)
		}
		sameRows(t, rows, w.rows[1:])
		if s.Read() != int64(len(stored)) {
			t.Fatalf("%d bytes read, of %d", s.Read(), len(stored))
		}
	})
}

func sameRows(t *rapid.T, got, want []row) {
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for i := range got {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Fatalf("row %d is\n%+v, want\n%+v", i+1, got[i], want[i])
		}
	}
}

// A table as people have them is read without being told how it is written.
func TestSniffing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, ends := drawDialect(t)
		if d.Delimiter < ' ' && d.Delimiter != '\t' || strings.IndexByte(":^", d.Delimiter) >= 0 {
			d.Delimiter = ';'
		}
		end := ends[0]
		w := written{line: 1}
		d.Header = rapid.Bool().Draw(t, "header")
		if d.Header {
			w.write(d, []string{"id", "company_name", "email", "created at", "amount", "note"}, false, end)
		} else {
			w.rows = append(w.rows, row{})
		}
		firms := rapid.SampledFrom([]string{"Acme", "Globex, Inc.", "O'Neil & Sons", "Müller GmbH", "A; B; C", `The "Best" Ltd`, "Initech\nUnit 7", "R|S", ""})
		notes := rapid.SampledFrom([]string{"", "called back, no answer", "see http://example.com/a?b=c", "12:30 lunch", "it's fine", "a\ttab", "two words", "é"})
		n := rapid.IntRange(4, 40).Draw(t, "rows")
		for i := range n {
			w.write(d, []string{
				fmt.Sprint(100 + i), firms.Draw(t, "firm"), fmt.Sprintf("lead.%d@example.com", i),
				fmt.Sprintf("2026-%02d-%02d 10:%02d:00", 1+i%12, 1+i%28, i%60), fmt.Sprintf("%d.50", i*3), notes.Draw(t, "note"),
			}, d.Quote == '\'', end)
		}
		d.Compression = rapid.SampledFrom([]string{"", Gzip, Zstd}).Draw(t, "compression")
		mark := d.Encoding == UTF16LE || d.Encoding == UTF16BE
		if mark {
			mark = rapid.Bool().Draw(t, "mark")
		}
		s, err := Open(bytes.NewReader(pack(t, store(t, w.text, d.Encoding, mark), d.Compression)), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Dialect(); got.Delimiter != d.Delimiter || got.Header != d.Header || got.Compression != d.Compression || got.Quote != d.Quote {
			t.Fatalf("%v, want %v:\n%s", got, d, w.text)
		}
		rows, err := drain(t, s)
		if err != nil {
			t.Fatal(err)
		}
		sameRows(t, rows, w.rows[1:])
	})
}

// What encoding/csv writes comes back.
func TestReadsEncodingCSV(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Default()
		records := rapid.SliceOfN(rapid.SliceOfN(cellsOf(d), 2, 6), 1, 30).Draw(t, "records")
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.Comma = rapid.SampledFrom([]rune{',', ';', '\t', '|'}).Draw(t, "comma")
		d.Delimiter = byte(w.Comma)
		if err := w.WriteAll(records); err != nil {
			t.Fatal(err)
		}
		var got [][]string
		for _, r := range parseAll(d, b.Bytes()) {
			got = append(got, r.Fields)
		}
		if !reflect.DeepEqual(got, records) {
			t.Fatalf("%q, want %q", got, records)
		}
	})
}
