package tui

import (
	"os"
	"unicode/utf8"
)

// reader is the terminal's input with bytes that are not UTF-8 replaced, since a paste of such bytes
// stalls Bubble Tea's decoder. It stays an *os.File to those who ask for its descriptor.
type reader struct {
	*os.File
	rest []byte // decoded and not yet read
	half []byte // the beginning of a character that goes on in the next read
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		// A replaced byte takes three: reading a third at most, all of it fits, and nothing waits here
		// while the descriptor looks idle.
		buf := make([]byte, max(len(p)/utf8.UTFMax, 8)+len(r.half))
		n := copy(buf, r.half)
		r.half = nil
		m, err := r.File.Read(buf[n:])
		if err != nil {
			return 0, err
		}
		r.rest, r.half = mend(buf[:n+m])
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// mend replaces each byte that is not UTF-8 with U+FFFD, and gives the beginning of a character at the
// end apart.
func mend(b []byte) (whole, half []byte) {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			if !utf8.FullRune(b) {
				return out, append([]byte(nil), b...)
			}
			out = utf8.AppendRune(out, utf8.RuneError)
		} else {
			out = append(out, b[:n]...)
		}
		b = b[n:]
	}
	return out, nil
}
