package csvscan

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"pipewright/engine"
)

// encodingNames are the spellings that a forced encoding may have, without case, spaces, "-" and "_".
var encodingNames = map[string]string{
	"utf8": UTF8, "utf8withbom": UTF8BOM, "utf8bom": UTF8BOM, "ascii": UTF8, "usascii": UTF8,
	"utf16": UTF16LE, "utf16le": UTF16LE, "utf16be": UTF16BE,
	"windows1252": Windows1252, "cp1252": Windows1252, "win1252": Windows1252,
	"latin1": Latin1, "iso88591": Latin1, "l1": Latin1,
}

// EncodingNamed gives the encoding of [Dialect] that a person means by a name, or false.
func EncodingNamed(name string) (string, bool) {
	enc, ok := encodingNames[strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(name))]
	return enc, ok
}

const (
	bomUTF8    = "\xef\xbb\xbf"
	bomUTF16LE = "\xff\xfe"
	bomUTF16BE = "\xfe\xff"
	bomUTF32LE = "\xff\xfe\x00\x00"
	bomUTF32BE = "\x00\x00\xfe\xff"
)

// encoding finds the encoding of the unpacked prefix b, which is the whole text if whole, and the length
// of its byte order mark. A forced encoding is taken as it is, and only its own mark is passed over.
func (s *Source) encoding(b []byte, whole bool, forced string) (string, int, error) {
	if forced != "" {
		enc, ok := EncodingNamed(forced)
		if !ok {
			return "", 0, &engine.Error{
				Kind: engine.Usage,
				What: "the encoding " + quoteName(forced) + " is not known",
				Next: "use utf-8, utf-16le, utf-16be, windows-1252 or latin-1",
			}
		}
		enc, mark := forcedMark(b, enc)
		return enc, mark, nil
	}
	switch {
	case hasPrefix(b, bomUTF8):
		return UTF8BOM, len(bomUTF8), nil
	case hasPrefix(b, bomUTF32LE), hasPrefix(b, bomUTF32BE):
		return "", 0, &engine.Error{
			Kind: engine.Failed, What: "this is text in UTF-32, which is not read here",
			Where: s.o.Name, Next: "save it as UTF-8",
		}
	case hasPrefix(b, bomUTF16LE):
		return UTF16LE, len(bomUTF16LE), nil
	case hasPrefix(b, bomUTF16BE):
		return UTF16BE, len(bomUTF16BE), nil
	}
	if enc := utf16ByPattern(b); enc != "" {
		return enc, 0, nil
	}
	valid, multi, bad := utf8Census(b, whole)
	if looksBinary(b, valid, s.forced().Delimiter) {
		return "", 0, s.notText("binary data")
	}
	// Text in Windows-1252 seldom happens to hold a valid sequence of UTF-8; UTF-8 with a few broken bytes
	// holds mostly valid ones.
	if valid || multi > bad {
		return UTF8, 0, nil
	}
	return Windows1252, 0, nil
}

func forcedMark(b []byte, enc string) (string, int) {
	switch {
	case (enc == UTF8 || enc == UTF8BOM) && hasPrefix(b, bomUTF8):
		return UTF8BOM, len(bomUTF8)
	case enc == UTF8BOM:
		return UTF8, 0
	case (enc == UTF16LE || enc == UTF16BE) && hasPrefix(b, bomUTF16LE):
		return UTF16LE, len(bomUTF16LE)
	case (enc == UTF16LE || enc == UTF16BE) && hasPrefix(b, bomUTF16BE):
		return UTF16BE, len(bomUTF16BE)
	}
	return enc, 0
}

func hasPrefix(b []byte, prefix string) bool { return bytes.HasPrefix(b, []byte(prefix)) }

// utf16ByPattern knows UTF-16 without a mark: the ASCII characters of a delimited text (delimiters and
// line ends at the least) have a NUL as their high byte, and hardly any character has one as its low byte.
func utf16ByPattern(b []byte) string {
	b = b[:min(len(b), 64<<10)&^1]
	if len(b) < 4 {
		return ""
	}
	var nul [2]int
	for i, c := range b {
		if c == 0 {
			nul[i&1]++
		}
	}
	units := len(b) / 2
	for i, enc := range [2]string{UTF16BE, UTF16LE} {
		if nul[i]*5 >= units && nul[1-i]*50 <= units && controls(toUTF8(enc, b), 0)*20 <= units {
			return enc
		}
	}
	return ""
}

// utf8Census counts the sequences of more than one byte and the bytes that fit none. An incomplete
// sequence at the end counts only if the text ends there.
func utf8Census(b []byte, whole bool) (valid bool, multi, bad int) {
	if validText(b) {
		return true, 0, 0
	}
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			if !whole && !utf8.FullRune(b[i:]) {
				break
			}
			bad++
		} else {
			multi++
		}
		i += n
	}
	return bad == 0, multi, bad
}

// looksBinary tells by the share of control characters. Some are normal: escape sequences, a stray NUL, a
// delimiter that was named.
func looksBinary(b []byte, validUTF8 bool, delim byte) bool {
	b = b[:min(len(b), 64<<10)]
	n := controls(b, delim)
	switch {
	case len(b) < 512:
		return n*10 > len(b)*3
	case validUTF8:
		return n*10 > len(b)
	}
	return n*20 > len(b)
}

// controls counts the control characters that texts do not hold: all but tab, line ends, vertical tab,
// form feed, escape and except.
func controls(b []byte, except byte) int {
	n := 0
	for _, c := range b {
		if c == except && c != 0 {
			continue
		}
		if c < ' ' && (c < '\t' || c > '\r') && c != 0x1b || c == 0x7f {
			n++
		}
	}
	return n
}

// toUTF8 decodes b in one go.
func toUTF8(enc string, b []byte) []byte {
	if enc == UTF8 || enc == UTF8BOM {
		return b
	}
	t := newTranscoder(enc, bytes.NewReader(b))
	out, err := io.ReadAll(t)
	if err != nil {
		return nil // a bytes.Reader has no errors
	}
	return out
}

// transcoder turns UTF-16 or a one-byte encoding into UTF-8 as a stream. What is no character there comes
// out as bytes that are no UTF-8 either, so that the record which holds it is flagged: half a surrogate
// pair as its three bytes, an undefined byte as itself, half a code unit at the end as 0xFF.
type transcoder struct {
	r     io.Reader
	wide  bool
	big   bool
	table [256]string
	raw   []byte // read and not decoded
	buf   []byte
	out   []byte // decoded and not given
	store []byte
	err   error
}

func newTranscoder(enc string, r io.Reader) *transcoder {
	t := &transcoder{r: r, buf: make([]byte, 32<<10)}
	switch enc {
	case UTF16LE, UTF16BE:
		t.wide, t.big = true, enc == UTF16BE
		return t
	}
	for i := range t.table {
		r := rune(i)
		if enc == Windows1252 {
			r = charmap.Windows1252.DecodeByte(byte(i))
			if i >= 0x80 && r < 0xa0 || r == utf8.RuneError {
				t.table[i] = string([]byte{byte(i)})
				continue
			}
		}
		t.table[i] = string(r)
	}
	return t
}

func (t *transcoder) Read(b []byte) (int, error) {
	for len(t.out) == 0 {
		if t.err != nil {
			return 0, t.err
		}
		kept := copy(t.buf, t.raw)
		n, err := t.r.Read(t.buf[kept:])
		t.raw, t.err = t.buf[:kept+n], err
		t.store = t.store[:0]
		if t.wide {
			t.decodeWide()
		} else {
			for _, c := range t.raw {
				t.store = append(t.store, t.table[c]...)
			}
			t.raw = nil
		}
		t.out = t.store
	}
	n := copy(b, t.out)
	t.out = t.out[n:]
	return n, nil
}

// decodeWide decodes whole characters of raw and leaves the rest for the next time, or decodes all of it
// when there is no more to come.
func (t *transcoder) decodeWide() {
	b := t.raw
	last := t.err == io.EOF
	for len(b) >= 2 {
		u := t.unit(b)
		if u < utf8.RuneSelf {
			t.store = append(t.store, byte(u))
			b = b[2:]
			continue
		}
		if u < 0xd800 || u > 0xdfff {
			t.store = utf8.AppendRune(t.store, u)
			b = b[2:]
			continue
		}
		if u < 0xdc00 && len(b) < 4 && !last {
			break
		}
		if u < 0xdc00 && len(b) >= 4 {
			if r := utf16.DecodeRune(u, t.unit(b[2:])); r != utf8.RuneError {
				t.store = utf8.AppendRune(t.store, r)
				b = b[4:]
				continue
			}
		}
		t.store = append(t.store, 0xe0|byte(u>>12), 0x80|byte(u>>6)&0x3f, 0x80|byte(u)&0x3f)
		b = b[2:]
	}
	if last && len(b) == 1 {
		t.store = append(t.store, 0xff)
		b = nil
	}
	t.raw = b
}

func (t *transcoder) unit(b []byte) rune {
	if t.big {
		return rune(b[0])<<8 | rune(b[1])
	}
	return rune(b[1])<<8 | rune(b[0])
}
