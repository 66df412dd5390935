package tui

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// mended is a text as the decoder sees it when it comes in the pieces given.
func mended(pieces ...string) string {
	var r reader
	var out bytes.Buffer
	for _, p := range pieces {
		out.Write(r.mend(append(append([]byte(nil), r.takeHalf()...), p...)))
	}
	return out.String()
}

func (r *reader) takeHalf() []byte {
	h := r.half
	r.half = nil
	return h
}

func TestTheReaderMendsWhatStallsTheDecoder(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"abc\x1b[A", "abc\x1b[A"},
		{"é株\U0001f642", "é株\U0001f642"},
		{"a\xffb\uFFFDc", "abc"},
		{"\x1b[200~a\xff\uFFFD\x1bc\x1b[31m\x00\n\x1b[201~\x1bq", "\x1b[200~a??␛c␛[31m\x00\n\x1b[201~\x1bq"},
		{"\x1b[200~\x1b[200~x\x1b[201~", "\x1b[200~␛[200~x\x1b[201~"},
		{"\x1b\x1b[200~\x1b\x1b[201~\x1b", "\x1b\x1b[200~␛\x1b[201~\x1b"},
	} {
		if got := mended(c.in); got != c.want {
			t.Errorf("%q becomes %q, want %q", c.in, got, c.want)
		}
		if got := mended(strings.SplitAfter(c.in, "")...); got != c.want {
			t.Errorf("character by character %q becomes %q, want %q", c.in, got, c.want)
		}
	}
}

// However the input is cut, the same comes out; all of it is UTF-8, and no more than three times as long.
func TestTheReaderDoesNotMindHowInputIsCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var in []byte
		for range rapid.IntRange(0, 12).Draw(t, "parts") {
			in = append(in, rapid.OneOf(rapid.SampledFrom([]string{"\x1b[200~", "\x1b[201~", "\x1b", "\xe2\x90", "é", "\uFFFD", "q", "\x1b[2"}),
				rapid.StringN(0, 4, -1)).Draw(t, "part")...)
		}
		whole := mended(string(in))
		var pieces []string
		for rest := in; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			pieces = append(pieces, string(rest[:n]))
			rest = rest[n:]
		}
		if got := mended(pieces...); got != whole {
			t.Fatalf("%q in %q becomes %q, in one %q", in, pieces, got, whole)
		}
		if !utf8.ValidString(whole) || len(whole) > 3*len(in) {
			t.Fatalf("%q becomes %q", in, whole)
		}
	})
}
