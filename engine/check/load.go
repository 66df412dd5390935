package check

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pipewright/engine"
)

var loadKeys = []Key{
	{Name: "lab", Type: Text, Required: true, About: "the lab whose recorded load is looked at"},
	{Name: "rows_read", Type: Integer, About: "rows read from the file"},
	{Name: "accepted", Type: Integer, About: "rows that went into the table"},
	{Name: "rejected", Type: Integer, About: "rows that broke a rule"},
	{Name: "duplicates", Type: Integer, About: "rows whose key was seen before"},
	{Name: "set_aside", Type: Integer, About: "rejected and duplicates together"},
	{Name: "sums", Type: Truth, About: "rows read = accepted + rejected + duplicates"},
	{Name: "quarantine", Type: Truth, About: "the quarantine file holds one record for each row set aside, with its number and reason"},
	{Name: "min_reasons", Type: Integer, About: "the quarantine file names at least this many different reasons"},
	{Name: "source", Type: Truth, About: "the file that was loaded is still the same, byte for byte"},
	{Name: "mode", Type: Text, About: "append, replace or upsert"},
}

func validLoad(s spec) error {
	if len(s) < 2 {
		return errors.New("say what to look at beside the lab")
	}
	for _, k := range []string{"sums", "quarantine", "source"} {
		if s.has(k) && !s.truth(k) {
			return errors.New(k + " is either true or left out")
		}
	}
	switch engine.Mode(s.text("mode")) {
	case "", engine.Append, engine.Replace, engine.Upsert:
		return nil
	}
	return errors.New("mode is append, replace or upsert")
}

func runLoad(_ context.Context, in input) outcome {
	lab := in.spec.text("lab")
	out := outcome{on: "the recorded load of lab " + lab, expected: loadExpectation(in.spec)}
	l, ok := in.loads[lab]
	if !ok {
		out.observed, out.cause = "no load yet", "the lab "+lab+" has not been run in this workspace"
		out.next = "run this session's lab, then check again"
		return out
	}
	out.on = fmt.Sprintf("%s → %s, loaded %s", l.Source, l.Table, l.At.UTC().Format("2006-01-02 15:04 UTC"))
	if l.Backend != engine.Postgres {
		out.on = fmt.Sprintf("%s → %s on %s, loaded %s", l.Source, l.Table, l.Backend, l.At.UTC().Format("2006-01-02 15:04 UTC"))
	}
	// what is looked at first is what a passed check shows
	for _, look := range []func(outcome, engine.Loaded) (outcome, bool){in.judgeCounts, in.judgeMode, in.judgeSums, in.judgeQuarantine, in.judgeSource} {
		found, ok := look(out, l)
		if !ok {
			return found
		}
		if out.observed == "" {
			out = found
		}
	}
	out.passed = true
	return out
}

// judgeCounts compares the load's counts. Like the other judges it gives the outcome with what was seen
// and expected, unchanged when the spec does not ask, and whether that is right.
func (in input) judgeCounts(out outcome, l engine.Loaded) (outcome, bool) {
	shown := out
	for _, count := range []struct {
		key  string
		seen int64
		noun string
	}{
		{"rows_read", l.RowsRead, "read"}, {"accepted", l.Accepted, "accepted"}, {"rejected", l.Rejected, "rejected"},
		{"duplicates", l.Duplicates, "duplicates"}, {"set_aside", l.Rejected + l.Duplicates, "set aside"},
	} {
		want, ok := in.spec.integer(count.key)
		if !ok {
			continue
		}
		out.expected, out.observed = fmt.Sprint(want), fmt.Sprint(count.seen)
		if want != count.seen {
			out.observed += " " + count.noun
			return out, false
		}
		if shown.observed == "" {
			shown = out
		}
	}
	return shown, true
}

func (in input) judgeMode(out outcome, l engine.Loaded) (outcome, bool) {
	m := in.spec.text("mode")
	if m == "" {
		return out, true
	}
	out.expected, out.observed = "mode "+m, "mode "+string(l.Mode)
	return out, m == string(l.Mode)
}

func (in input) judgeSums(out outcome, l engine.Loaded) (outcome, bool) {
	if !in.spec.truth("sums") {
		return out, true
	}
	sum := l.Accepted + l.Rejected + l.Duplicates
	out.expected = fmt.Sprintf("%d rows read", l.RowsRead)
	out.observed = fmt.Sprintf("%d + %d + %d = %d", l.Accepted, l.Rejected, l.Duplicates, sum)
	return out, l.RowsRead == sum && sum > 0
}

func (in input) inWorkspace(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(in.env.Workspace().Dir, path)
}

// judgeQuarantine compares the quarantine file with the load: one record for each row set aside, each
// with a row number and a reason.
func (in input) judgeQuarantine(out outcome, l engine.Loaded) (outcome, bool) {
	if !in.spec.truth("quarantine") && !in.spec.has("min_reasons") {
		return out, true
	}
	aside := l.Rejected + l.Duplicates
	out.expected = fmt.Sprintf("%d records, each with row and reason", aside)
	if l.Quarantine == "" {
		out.observed = "no quarantine file"
		return out, aside == 0 && !in.spec.has("min_reasons")
	}
	data, trouble := readFile(in.inWorkspace(l.Quarantine))
	if trouble != "" {
		out.observed, out.cause = l.Quarantine+": "+trouble, "it was moved or deleted after the load"
		out.next = "run the lab again; it writes the file anew"
		return out, false
	}
	header, rows, trouble := readCSV(data)
	at, missing := columnOrder([]string{"row", "reason"}, header, false)
	out.cause = "the quarantine file was changed after the load, or belongs to another one"
	if trouble != "" || missing != "" {
		out.observed = first(trouble, "no column "+missing)
		return out, false
	}
	seen, reasons := map[int64]bool{}, map[string]bool{}
	for i, row := range rows {
		n, err := strconv.ParseInt(strings.TrimSpace(row[at[0]]), 10, 64)
		reason := strings.TrimSpace(row[at[1]])
		switch {
		case err != nil || n < 1 || n > l.RowsRead:
			out.observed = fmt.Sprintf("record %d names row %q", i+1, plain(row[at[0]], 20))
			return out, false
		case seen[n]:
			out.observed = fmt.Sprintf("row %d is there twice", n)
			return out, false
		case reason == "":
			out.observed = fmt.Sprintf("row %d has no reason", n)
			return out, false
		}
		seen[n] = true
		reasons[digits.ReplaceAllString(reason, "N")] = true
	}
	out.observed = fmt.Sprintf("%d records, %d kinds of reason", len(rows), len(reasons))
	if int64(len(rows)) != aside {
		return out, false
	}
	if n, ok := in.spec.integer("min_reasons"); ok && int64(len(reasons)) < n {
		out.expected = fmt.Sprintf("at least %d kinds of reason", n)
		return out, false
	}
	return out, true
}

// digits are what two reasons of one kind may differ in: "duplicate of row 10".
var digits = regexp.MustCompile(`[0-9]+`)

// judgeSource compares the loaded file's digest with the recorded one.
func (in input) judgeSource(out outcome, l engine.Loaded) (outcome, bool) {
	if !in.spec.truth("source") {
		return out, true
	}
	out.expected = "sha256 " + short(l.Digest)
	if l.Digest == "" {
		out.observed, out.cause = "no digest was recorded", "the load read from a pipe, or was recorded without one"
		out.next = "load it again from a file"
		return out, false
	}
	digests, err := digestsOf(in.inWorkspace(l.Source))
	if err != nil {
		out.observed, out.cause = l.Source+" cannot be read any more", "it was moved or deleted after the load"
		return out, false
	}
	if !slices.Contains(digests, strings.ToLower(l.Digest)) {
		out.observed, out.cause = "sha256 "+short(digests[0]), "the file was edited after it was loaded"
		out.next = "run the lab again, so that the table and the file agree"
		return out, false
	}
	out.observed = "sha256 " + short(l.Digest)
	return out, true
}

func short(digest string) string {
	if len(digest) > 8 {
		return digest[:8] + "…"
	}
	return digest
}

// digestsOf gives the SHA-256 of a file as stored and, where they differ, without its byte order mark
// and unpacked: a recorded digest is of the decoded bytes.
func digestsOf(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(errors.New("not a regular file"), err)
	}
	var out []string
	for _, open := range []func(io.Reader) (io.Reader, error){
		func(r io.Reader) (io.Reader, error) { return r, nil },
		withoutBOM,
		func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	} {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		r, err := open(f)
		if err != nil {
			continue // not in that form
		}
		h := sha256.New()
		if _, err := io.Copy(h, r); err != nil {
			continue
		}
		out = append(out, hex.EncodeToString(h.Sum(nil)))
	}
	if len(out) == 0 {
		return nil, errors.New("it cannot be read")
	}
	return out, nil
}

func withoutBOM(r io.Reader) (io.Reader, error) {
	mark := make([]byte, 3)
	if _, err := io.ReadFull(r, mark); err != nil || !bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		return nil, errors.New("no byte order mark")
	}
	return r, nil
}

func loadExpectation(s spec) string {
	for _, k := range []string{"rows_read", "accepted", "rejected", "duplicates", "set_aside"} {
		if n, ok := s.integer(k); ok {
			return fmt.Sprint(n)
		}
	}
	switch {
	case s.truth("sums"):
		return "read = accepted + rejected + duplicates"
	case s.truth("quarantine"):
		return "one record for each row set aside"
	case s.truth("source"):
		return "the file as it was loaded"
	}
	return "the lab's load"
}
