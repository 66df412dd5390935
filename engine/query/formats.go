package query

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"pipewright/engine"
)

// writeBuffer is how much text is gathered before it goes to the file.
const writeBuffer = 256 << 10

// textFile is the file under a text format. The first failure sticks to the writer.
type textFile struct {
	f *os.File
	w *bufio.Writer
}

func (t *textFile) open(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	t.f, t.w = f, bufio.NewWriterSize(f, writeBuffer)
	return nil
}

func (t *textFile) close(context.Context) error {
	return errors.Join(t.w.Flush(), t.f.Close())
}

func (t *textFile) abort() { _ = t.f.Close() }

// csvSink writes RFC 4180 as PostgreSQL's COPY … (FORMAT csv, HEADER) does: NULL is nothing, an empty
// string is "", lines end with a line feed.
type csvSink struct {
	textFile
	line []byte
}

func (s *csvSink) create(_ context.Context, path string, columns []engine.Column) error {
	if err := s.open(path); err != nil {
		return err
	}
	names := make([]engine.Cell, len(columns))
	for i, c := range columns {
		names[i].Text = c.Name
	}
	return s.write(context.Background(), [][]engine.Cell{names})
}

func (s *csvSink) write(_ context.Context, rows [][]engine.Cell) error {
	for _, row := range rows {
		s.line = s.line[:0]
		for i, cell := range row {
			if i > 0 {
				s.line = append(s.line, ',')
			}
			if !cell.Null {
				s.line = appendCSV(s.line, cell.Text, len(row) == 1)
			}
		}
		s.line = append(s.line, '\n')
		if _, err := s.w.Write(s.line); err != nil {
			return err
		}
	}
	return nil
}

// appendCSV quotes what CopyAttributeOutCSV in PostgreSQL's copyto.c quotes.
func appendCSV(dst []byte, text string, alone bool) []byte {
	if text != "" && !strings.ContainsAny(text, ",\"\n\r") && !(alone && text == `\.`) {
		return append(dst, text...)
	}
	dst = append(dst, '"')
	for i := 0; i < len(text); i++ {
		if text[i] == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, text[i])
	}
	return append(dst, '"')
}

// jsonSink writes one object a row. Columns that share a name get _1, _2 … so that none is lost.
type jsonSink struct {
	textFile
	keys  [][]byte
	kinds []engine.ValueKind
	line  []byte
}

func (s *jsonSink) create(_ context.Context, path string, columns []engine.Column) error {
	for i, name := range uniqueNames(columns, asIs) {
		s.keys = append(s.keys, append(appendJSONString(nil, name), ':'))
		s.kinds = append(s.kinds, columns[i].Kind)
	}
	return s.open(path)
}

func (s *jsonSink) write(_ context.Context, rows [][]engine.Cell) error {
	for _, row := range rows {
		s.line = append(s.line[:0], '{')
		for i, cell := range row {
			if i > 0 {
				s.line = append(s.line, ',')
			}
			s.line = append(s.line, s.keys[i]...)
			s.line = AppendJSON(s.line, s.kinds[i], cell)
		}
		s.line = append(s.line, '}', '\n')
		if _, err := s.w.Write(s.line); err != nil {
			return err
		}
	}
	return nil
}

// uniqueNames gives the columns' names, changed where needed so that no two are equal under fold.
func uniqueNames(columns []engine.Column, fold func(string) string) []string {
	taken := map[string]bool{}
	for _, c := range columns {
		taken[fold(c.Name)] = true
	}
	out := make([]string, len(columns))
	seen := map[string]bool{}
	for i, c := range columns {
		name := c.Name
		for n := 1; seen[fold(name)]; n++ {
			if next := c.Name + "_" + strconv.Itoa(n); !taken[fold(next)] {
				name = next
				taken[fold(next)] = true
			}
		}
		seen[fold(name)] = true
		out[i] = name
	}
	return out
}

func asIs(name string) string { return name }

// AppendJSON appends a cell as a JSON value of its column's kind: numbers as their digits, never
// rounded, truth values, JSON as it is but on one line, NULL as null, all else as a string. A number
// that JSON cannot say, such as NaN, is a string.
func AppendJSON(dst []byte, kind engine.ValueKind, cell engine.Cell) []byte {
	if cell.Null {
		return append(dst, "null"...)
	}
	switch kind {
	case engine.NumberValue:
		if jsonNumber(cell.Text) {
			return append(dst, cell.Text...)
		}
	case engine.BoolValue:
		switch cell.Text {
		case "t", "true":
			return append(dst, "true"...)
		case "f", "false":
			return append(dst, "false"...)
		}
	case engine.JSONValue:
		buf := bytes.NewBuffer(dst)
		if json.Compact(buf, []byte(cell.Text)) == nil {
			return buf.Bytes()
		}
	}
	return appendJSONString(dst, cell.Text)
}

// jsonNumber says whether s is a number as JSON's grammar has it.
func jsonNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole := digits(s)
	if whole == 0 || whole > 1 && s[0] == '0' {
		return false
	}
	s = s[whole:]
	if strings.HasPrefix(s, ".") {
		n := digits(s[1:])
		if n == 0 {
			return false
		}
		s = s[1+n:]
	}
	if s == "" {
		return true
	}
	if s[0] != 'e' && s[0] != 'E' {
		return false
	}
	s = s[1:]
	if s != "" && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	return s != "" && digits(s) == len(s)
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// appendJSONString appends a JSON string. Control characters are escaped, and what is not UTF-8 shows
// as the replacement character.
func appendJSONString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r == '\r':
			dst = append(dst, '\\', 'r')
		case r == '\t':
			dst = append(dst, '\\', 't')
		case r < 0x20 || r == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&0xf])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

// parquetSink hands a result to a ParquetWriter.
type parquetSink struct {
	w    ParquetWriter
	from engine.Backend
}

func (s *parquetSink) create(ctx context.Context, path string, columns []engine.Column) error {
	named := append([]engine.Column(nil), columns...)
	for i, name := range uniqueNames(columns, strings.ToLower) { // DuckDB knows no upper and lower case in names
		named[i].Name = name
	}
	return s.w.Create(ctx, path, s.from, named)
}

func (s *parquetSink) write(ctx context.Context, rows [][]engine.Cell) error {
	return s.w.Write(ctx, rows)
}

func (s *parquetSink) close(ctx context.Context) error { return s.w.Close(ctx) }

func (s *parquetSink) abort() { s.w.Abort() }
