package postgres

import (
	"bytes"
	"encoding/binary"
	"math"

	"pipewright/engine"
)

// fieldEncoder is how a column's values are written in the binary format.
type fieldEncoder uint8

const (
	asText fieldEncoder = iota // text, varchar, char, citext, enums: their bytes
	asBool
	asInt2
	asInt4
	asInt8
	asNumeric
	asFloat8
	asDate
	asTimestamp // with or without time zone
)

// PostgreSQL counts days and microseconds from 2000-01-01.
const (
	epochDays   = 10957
	epochMicros = epochDays * 86_400_000_000
)

// Encode implements load.Sink: it appends a row in the binary COPY format, with a place for its id.
func (s *LoadSink) Encode(dst []byte, row []engine.Datum) []byte {
	n := len(row)
	if s.ids != nil && s.stage == "" {
		dst = binary.BigEndian.AppendUint16(dst, uint16(n+1))
		dst = binary.BigEndian.AppendUint32(dst, uint32(s.ids.width))
		dst = append(dst, "\x00\x00\x00\x00\x00\x00\x00\x00"[:s.ids.width]...)
	} else {
		dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	}
	for i := range row {
		dst = s.fields[i].append(dst, &row[i])
	}
	return dst
}

func (f fieldEncoder) append(dst []byte, d *engine.Datum) []byte {
	if !d.Valid {
		return append(dst, 0xff, 0xff, 0xff, 0xff)
	}
	switch f {
	case asText:
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(d.Bytes)))
		return append(dst, d.Bytes...)
	case asBool:
		return append(dst, 0, 0, 0, 1, byte(d.Int))
	case asInt2:
		return append(dst, 0, 0, 0, 2, byte(d.Int>>8), byte(d.Int))
	case asInt4:
		return binary.BigEndian.AppendUint32(append(dst, 0, 0, 0, 4), uint32(d.Int))
	case asDate:
		return binary.BigEndian.AppendUint32(append(dst, 0, 0, 0, 4), uint32(d.Int-epochDays))
	case asTimestamp:
		return binary.BigEndian.AppendUint64(append(dst, 0, 0, 0, 8), uint64(d.Int-epochMicros))
	case asFloat8:
		return binary.BigEndian.AppendUint64(append(dst, 0, 0, 0, 8), math.Float64bits(d.Float))
	case asNumeric:
		return appendNumeric(dst, d.Bytes)
	default:
		return binary.BigEndian.AppendUint64(append(dst, 0, 0, 0, 8), uint64(d.Int))
	}
}

// appendNumeric writes a decimal number (sign, digits, point, digits) as PostgreSQL's numeric_send does:
// digits to the base 10000, weight of the first, sign, and the digits after the point that are shown.
func appendNumeric(dst, text []byte) []byte {
	negative := false
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		negative = text[0] == '-'
		text = text[1:]
	}
	whole, frac := text, []byte(nil)
	if i := bytes.IndexByte(text, '.'); i >= 0 {
		whole, frac = text[:i], text[i+1:]
	}
	scale := len(frac)
	for len(whole) > 0 && whole[0] == '0' {
		whole = whole[1:]
	}
	head := len(dst)
	dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	digits, weight := 0, (len(whole)+3)/4-1
	put := func(v int) {
		if digits == 0 && v == 0 { // a leading zero lowers the weight instead
			weight--
			return
		}
		dst = binary.BigEndian.AppendUint16(dst, uint16(v))
		digits++
	}
	for n := len(whole); n > 0; {
		take := (n-1)%4 + 1
		put(decimal4(whole[len(whole)-n:len(whole)-n+take], take))
		n -= take
	}
	for ; len(frac) > 0; frac = frac[min(4, len(frac)):] {
		put(decimal4(frac[:min(4, len(frac))], 4))
	}
	for digits > 0 && dst[len(dst)-1] == 0 && dst[len(dst)-2] == 0 {
		dst = dst[:len(dst)-2]
		digits--
	}
	if digits == 0 {
		weight, negative = 0, false
	}
	b := dst[head:]
	binary.BigEndian.PutUint32(b[0:], uint32(8+2*digits))
	binary.BigEndian.PutUint16(b[4:], uint16(digits))
	binary.BigEndian.PutUint16(b[6:], uint16(int16(weight)))
	if negative {
		b[8] = 0x40
	}
	binary.BigEndian.PutUint16(b[10:], uint16(scale))
	return dst
}

// decimal4 reads up to four digits as a number of width digits, zeros added behind.
func decimal4(b []byte, width int) int {
	v := 0
	for i := range width {
		v *= 10
		if i < len(b) {
			v += int(b[i] - '0')
		}
	}
	return v
}
