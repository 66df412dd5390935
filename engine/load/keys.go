package load

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/zeebo/xxh3"

	"pipewright/engine"
)

// hash is 128 bits of a key. Two keys with the same hash are taken for the same: with a seed drawn for each
// load, the chance that any two of 10⁹ different keys meet is below 10⁻²⁰.
type hash struct{ hi, lo uint64 }

// keyer turns keys into hashes. It is for one goroutine.
type keyer struct {
	seed  uint64
	exact bool // text counts as it is
	buf   []byte
}

// start begins a key.
func (k *keyer) start() { k.buf = k.buf[:0] }

// add adds one column's value to the key. Text is compared without regard to the case of ASCII letters and
// to white space around it, as people compare addresses and names; other letters count as they are, so that
// every backend can do the same in SQL (see the sinks' upsert). A key with NULL in it equals no other: add
// gives false.
func (k *keyer) add(d *engine.Datum, t engine.DataType) bool {
	if !d.Valid {
		return false
	}
	switch t {
	case engine.TypeText, engine.TypeVarchar:
		b := d.Bytes
		if !k.exact {
			b = trimSpace(b)
		}
		k.buf = binary.LittleEndian.AppendUint32(k.buf, uint32(len(b)))
		from := len(k.buf)
		k.buf = append(k.buf, b...)
		if k.exact {
			break
		}
		for i, c := range k.buf[from:] {
			if c-'A' <= 'Z'-'A' {
				k.buf[from+i] = c + 'a' - 'A'
			}
		}
	case engine.TypeNumeric:
		k.decimal(d.Bytes)
	case engine.TypeDouble:
		f := d.Float
		if f == 0 {
			f = 0 // minus zero is zero
		}
		k.buf = binary.LittleEndian.AppendUint64(k.buf, math.Float64bits(f))
	default:
		k.buf = binary.LittleEndian.AppendUint64(k.buf, uint64(d.Int))
	}
	return true
}

// decimal adds a number in the one form in which equal numbers are the same: 01.50 as 1.5.
func (k *keyer) decimal(b []byte) {
	negative := len(b) > 0 && b[0] == '-'
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		b = b[1:]
	}
	whole, frac, _ := bytes.Cut(b, []byte{'.'})
	whole, frac = bytes.TrimLeft(whole, "0"), bytes.TrimRight(frac, "0")
	sign := byte('+')
	if negative && len(whole)+len(frac) > 0 {
		sign = '-'
	}
	k.buf = append(k.buf, sign)
	k.buf = binary.LittleEndian.AppendUint32(k.buf, uint32(len(whole)))
	k.buf = append(k.buf, whole...)
	k.buf = binary.LittleEndian.AppendUint32(k.buf, uint32(len(frac)))
	k.buf = append(k.buf, frac...)
}

func (k *keyer) sum() hash {
	h := xxh3.Hash128Seed(k.buf, k.seed)
	return hash{h.Hi, h.Lo}
}

// trimSpace cuts space, tab, line feed and carriage return off both ends: what btrim(x, E' \t\n\r') cuts.
func trimSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
