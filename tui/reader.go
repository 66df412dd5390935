package tui

import (
	"bytes"
	"os"
	"unicode/utf8"
)

// reader is the terminal's input without what stalls Bubble Tea's decoder: bytes that are not UTF-8,
// U+FFFD itself, and escape characters inside a paste. At each of them the decoder waits for the input to
// pause, and reads all that came meanwhile once more for each piece that follows, so that a paste of a
// megabyte takes minutes. It stays an *os.File to those who ask for its descriptor.
type reader struct {
	*os.File
	rest  []byte // mended and not yet read
	half  []byte // the beginning of a character, or of a paste's end, that goes on in the next read
	paste bool   // what comes is being pasted
	tail  []byte // the end of what was passed on: the beginning of a paste may be cut there
}

// What a terminal puts around a paste.
var (
	pasteBegin = []byte("\x1b[200~")
	pasteEnd   = []byte("\x1b[201~")
)

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		// What is replaced grows to three times its length at most: reading a part of p, all of it fits, and
		// nothing waits here while the descriptor looks idle.
		buf := make([]byte, max(len(p)/utf8.UTFMax, 8)+len(r.half))
		n := copy(buf, r.half)
		r.half = nil
		m, err := r.File.Read(buf[n:])
		if err != nil {
			return 0, err
		}
		r.rest = r.mend(buf[:n+m])
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// mend gives what the decoder may see of b, and keeps a beginning at b's end for the next read.
func (r *reader) mend(b []byte) []byte {
	out := make([]byte, 0, len(b)+8)
	for len(b) > 0 {
		if r.paste && b[0] == pasteEnd[0] {
			switch {
			case bytes.HasPrefix(b, pasteEnd):
				out, b, r.paste = append(out, pasteEnd...), b[len(pasteEnd):], false
			case bytes.HasPrefix(pasteEnd, b):
				r.half = append([]byte(nil), b...)
				return out
			default:
				out, b = append(out, "␛"...), b[1:]
			}
			continue
		}
		c, n := utf8.DecodeRune(b)
		if c == utf8.RuneError {
			if n == 1 && !utf8.FullRune(b) {
				r.half = append([]byte(nil), b...)
				return out
			}
			if r.paste { // elsewhere it would be taken for a key
				out = append(out, '?')
			}
			b = b[n:]
			continue
		}
		out = append(out, b[:n]...)
		if !r.paste {
			r.begins(b[:n])
		}
		b = b[n:]
	}
	return out
}

// begins follows what is passed on for the beginning of a paste.
func (r *reader) begins(b []byte) {
	r.tail = append(r.tail, b...)
	if n := len(r.tail) - len(pasteBegin); n > 0 {
		r.tail = append(r.tail[:0], r.tail[n:]...)
	}
	if bytes.Equal(r.tail, pasteBegin) {
		r.paste, r.tail = true, r.tail[:0]
	}
}
