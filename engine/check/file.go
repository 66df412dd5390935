package check

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"pipewright/engine"
)

var fileKeys = []Key{
	{Name: "path", Type: Text, Required: true, About: "the file, from the workspace's folder"},
	{Name: "columns", Type: Texts, About: "it is CSV with these columns, in this order"},
	{Name: "rows", Type: Integer, About: "it is CSV with exactly this many rows under the header"},
	{Name: "min_rows", Type: Integer, About: "it is CSV with at least this many rows under the header"},
	{Name: "equals", Type: Text, About: "it is CSV and holds what this SQL gives; columns are matched by name"},
	{Name: "backend", Type: OnEngine, About: "where equals runs; postgres unless given"},
	{Name: "only", Type: Texts, About: "the file's columns that equals compares; all of them unless given"},
	{Name: "any_names", Type: Truth, About: "equals matches columns by position, whatever their names"},
	{Name: "ordered", Type: Truth, About: "the order of the rows counts"},
	{Name: "tolerance", Type: Number, About: "how far numbers may be apart"},
	{Name: "contains", Type: Texts, About: "each of these texts is in the file"},
	{Name: "absent", Type: Texts, About: "none of these texts is in the file"},
	{Name: "matches", Type: Text, About: "a regular expression (RE2) that the file's text matches"},
	{Name: "sha256", Type: Text, About: "the file's digest, in hex"},
	{Name: "within", Type: Seconds, About: "time limit of the SQL; 60s unless given"},
}

// maxFile is how much of a file a check reads into memory; a larger one fails with a clear message.
const maxFile = 64 << 20

func validFile(s spec) error {
	if !local(s.text("path")) {
		return errors.New("path must stay inside the workspace")
	}
	if _, err := regexp.Compile(s.text("matches")); err != nil {
		return fmt.Errorf("matches: %w", err)
	}
	if s.has("rows") && s.has("min_rows") {
		return errors.New("give rows or min_rows")
	}
	for _, k := range []string{"backend", "only", "any_names", "ordered", "tolerance"} {
		if s.has(k) && !s.has("equals") {
			return errors.New(k + " needs equals")
		}
	}
	if d := s.text("sha256"); d != "" {
		if b, err := hex.DecodeString(d); err != nil || len(b) != sha256.Size {
			return errors.New("sha256 must be 64 hexadecimal digits")
		}
	}
	return nil
}

func runFile(ctx context.Context, in input) outcome {
	path := in.spec.text("path")
	out := outcome{on: path, expected: fileExpectation(in.spec)}
	data, trouble := readFile(filepath.Join(in.env.Workspace().Dir, filepath.FromSlash(path)))
	if trouble != "" {
		out.observed, out.cause = trouble, "it has not been written yet, or under another name"
		out.next = "write it to " + path + " in the workspace"
		return out
	}
	sum := sha256.Sum256(data)
	out.on = fmt.Sprintf("%s (sha256 %s…)", path, hex.EncodeToString(sum[:4]))
	if want := in.spec.text("sha256"); want != "" && !strings.EqualFold(want, hex.EncodeToString(sum[:])) {
		out.expected, out.observed = "sha256 "+want[:8]+"…", "sha256 "+hex.EncodeToString(sum[:4])+"…"
		out.cause = "the file is not the one that was meant, byte for byte"
		return out
	}
	if bad := judgeText(out, in.spec, data); bad != nil {
		return *bad
	}
	if in.spec.count("columns", "rows", "min_rows", "equals") > 0 {
		return in.judgeCSV(ctx, out, data)
	}
	out.observed, out.passed = first(out.observed, fmt.Sprintf("%d bytes", len(data))), true
	return out
}

// readFile reads a regular file that is not empty; trouble says why it is not one.
func readFile(path string) (data []byte, trouble string) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "no such file"
	case err != nil:
		return nil, "it cannot be read"
	case info.IsDir():
		return nil, "a folder"
	case !info.Mode().IsRegular():
		return nil, "not a regular file"
	case info.Size() == 0:
		return nil, "an empty file"
	case info.Size() > maxFile:
		return nil, fmt.Sprintf("%d bytes, more than a check reads (%d)", info.Size(), maxFile)
	}
	data, err = os.ReadFile(path)
	if err != nil {
		return nil, "it cannot be read"
	}
	return data, ""
}

func judgeText(out outcome, s spec, data []byte) *outcome {
	text := string(data)
	for _, t := range s.texts("contains") {
		if !strings.Contains(text, t) {
			out.expected, out.observed = fmt.Sprintf("%q in the file", t), "it is not there"
			return &out
		}
	}
	for _, t := range s.texts("absent") {
		if i := strings.Index(text, t); i >= 0 {
			out.expected = fmt.Sprintf("no %q in the file", t)
			out.observed = fmt.Sprintf("it is on line %d", 1+strings.Count(text[:i], "\n"))
			return &out
		}
	}
	if p := s.text("matches"); p != "" && !regexp.MustCompile(p).MatchString(text) {
		out.expected, out.observed = "text that matches "+p, fmt.Sprintf("%q", plain(strings.TrimSpace(text), 120))
		return &out
	}
	return nil
}

func (in input) judgeCSV(ctx context.Context, out outcome, data []byte) outcome {
	s := in.spec
	header, rows, trouble := readCSV(data)
	if trouble != "" {
		out.observed, out.cause = trouble, "the file is not CSV: one header line, then one line a row, commas between"
		out.next = "write it with --format csv, or with a CSV library"
		return out
	}
	out.observed = plural(len(rows), "row")
	if want := s.texts("columns"); want != nil && !sameNames(want, header) {
		out.expected, out.observed = "columns "+strings.Join(want, ", "), "columns "+strings.Join(header, ", ")
		return out
	}
	if n, ok := s.integer("rows"); ok && int64(len(rows)) != n {
		out.expected = plural(int(n), "row")
		return out
	}
	if n, ok := s.integer("min_rows"); ok && int64(len(rows)) < n {
		out.expected = fmt.Sprintf("at least %d rows", n)
		return out
	}
	if !s.has("equals") {
		out.passed = true
		return out
	}
	ctx, cancel := context.WithTimeout(ctx, s.duration("within", time.Minute))
	defer cancel()
	w, bad := in.query(ctx, s.backend("backend"), s.text("equals"), out)
	if bad != nil {
		return *bad
	}
	out.on += ", " + in.onData(ctx, s.backend("backend"), tableIn(s.text("equals")))
	return in.judgeEqual(out, header, rows, w)
}

func (in input) judgeEqual(out outcome, header []string, rows [][]string, w engine.RowWindow) outcome {
	s := in.spec
	names := make([]string, len(w.Columns))
	for i, c := range w.Columns {
		names[i] = c.Name
	}
	at, missing := columnOrder(names, header, s.truth("any_names"))
	if missing != "" || !s.has("only") && len(header) != len(names) {
		out.expected, out.observed = "columns "+strings.Join(names, ", "), "columns "+strings.Join(header, ", ")
		if missing != "" && !s.truth("any_names") {
			out.cause = "there is no column " + missing
		}
		return out
	}
	got := make([][]cell, len(rows))
	for i, row := range rows {
		got[i] = make([]cell, len(at))
		for j, k := range at {
			got[i][j] = cell{text: row[k]}
		}
	}
	want := tableOf(w)
	out.expected, out.observed = summary(want), summary(got)
	if len(want) == 0 && len(got) == 0 {
		out.expected, out.observed = "rows to compare", "none on either side"
		out.cause = "there is no data yet, so nothing is proven"
		return out
	}
	c := comparison{ordered: s.truth("ordered"), tolerance: s.number("tolerance"), nullText: true}
	if d := c.difference(want, got); d != "" {
		out.observed = d
		return out
	}
	out.passed = true
	return out
}

// columnOrder gives for each name the column of header that holds it, or the first name that has none.
func columnOrder(names, header []string, byPosition bool) (at []int, missing string) {
	for i, name := range names {
		j := i
		if !byPosition {
			j = slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), name) })
		}
		if j < 0 || j >= len(header) {
			return nil, name
		}
		at = append(at, j)
	}
	return at, ""
}

func sameNames(want, got []string) bool {
	return slices.EqualFunc(want, got, func(a, b string) bool { return strings.EqualFold(a, strings.TrimSpace(b)) })
}

// readCSV reads a header and rows of its width. A byte order mark, CRLF, and a semicolon or tab
// between the fields (as spreadsheets export) are accepted.
func readCSV(data []byte) (header []string, rows [][]string, trouble string) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if bytes.IndexByte(data, 0) >= 0 || !utf8.Valid(data) {
		return nil, nil, "not UTF-8 text"
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(data))
	for _, sep := range ";\t" {
		if bytes.ContainsRune(line, sep) && !bytes.ContainsRune(line, ',') {
			r.Comma = sep
		}
	}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var pe *csv.ParseError
		if errors.As(err, &pe) {
			return nil, nil, fmt.Sprintf("line %d: %v", pe.Line, pe.Err)
		} else if err != nil {
			return nil, nil, "it cannot be read"
		}
		if header == nil {
			header = record
			continue
		}
		rows = append(rows, record)
	}
	if header == nil {
		return nil, nil, "no header line"
	}
	return header, rows, ""
}

func fileExpectation(s spec) string {
	switch {
	case s.has("equals"):
		return "the rows that the database gives" // not its query: that would be the answer
	case s.has("rows"):
		n, _ := s.integer("rows")
		return plural(int(n), "row")
	case s.has("min_rows"):
		n, _ := s.integer("min_rows")
		return fmt.Sprintf("at least %d rows", n)
	case s.has("columns"):
		return "columns " + strings.Join(s.texts("columns"), ", ")
	case s.has("contains"):
		return "a file with " + strings.Join(s.texts("contains"), ", ")
	case s.has("matches"):
		return "text that matches " + s.text("matches")
	case s.has("absent"):
		return "no " + strings.Join(s.texts("absent"), ", ") + " in the file"
	}
	return "the file " + s.text("path")
}
