package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"strings"

	"pipewright/engine"
)

// findKey takes a unique constraint of the table for the key of a plan that has none.
func (s *LoadSink) findKey(ctx context.Context) error {
	if len(s.plan.Spec.Key) > 0 || s.target.Created {
		return nil
	}
	rows, err := s.query(ctx, `select i.indexrelid, a.attname from pg_index i
		join unnest(i.indkey) with ordinality k (attnum, n) on k.n <= i.indnkeyatts
		join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
		where i.indrelid = $1::oid and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
		order by i.indisprimary desc, i.indexrelid, k.n`, s.table.oid)
	if err != nil {
		return err
	}
	planned := map[string]bool{}
	for _, name := range s.plan.Columns {
		planned[name] = true
	}
	for len(rows) > 0 {
		n, key := 0, []string{}
		for n < len(rows) && string(rows[n][0]) == string(rows[0][0]) {
			if name := string(rows[n][1]); planned[name] {
				key = append(key, name)
			}
			n++
		}
		if len(key) == n {
			s.target.Key, s.plan.Spec.Key, s.plan.Digest, s.exact = key, key, "", true
			return nil
		}
		rows = rows[n:]
	}
	return nil
}

// Keys implements load.Sink: it streams the keys out by binary COPY.
func (s *LoadSink) Keys(ctx context.Context, yield func(key []engine.Datum) error) error {
	var parts []string
	r := &keyReader{yield: yield}
	for _, name := range s.plan.Spec.Key {
		for i, c := range s.target.Columns {
			if c.Name != name {
				continue
			}
			f := s.fields[i]
			part := ident(name)
			if f == asText || f == asNumeric {
				part += "::text"
				f = asText
			}
			parts = append(parts, part)
			r.fields = append(r.fields, f)
		}
	}
	r.key = make([]engine.Datum, len(r.fields))
	_, err := s.pg.CopyTo(ctx, r, "COPY (SELECT "+strings.Join(parts, ", ")+" FROM "+s.table.ident+") TO STDOUT (FORMAT binary)")
	if r.err != nil {
		err = r.err
	}
	if err != nil {
		return s.told(err)
	}
	return nil
}

// keyReader takes a binary COPY apart. PostgreSQL sends one message a row, and the header with the first;
// nothing here depends on that.
type keyReader struct {
	fields []fieldEncoder
	key    []engine.Datum
	yield  func([]engine.Datum) error
	rest   []byte
	opened bool
	err    error
}

var errKeyFormat = errors.New("the server's binary COPY cannot be read")

func (r *keyReader) Write(p []byte) (int, error) {
	b := p
	if len(r.rest) > 0 {
		r.rest = append(r.rest, p...)
		b = r.rest
	}
	if !r.opened {
		if len(b) < len(copyHeader) {
			r.rest = append(r.rest[:0], b...)
			return len(p), nil
		}
		b = b[len(copyHeader):]
		r.opened = true
	}
	for {
		n, err := r.row(b)
		if err != nil {
			r.err = err
			return 0, err
		}
		if n == 0 {
			break
		}
		b = b[n:]
	}
	r.rest = append(r.rest[:0], b...)
	return len(p), nil
}

// row reads one row off the front of b; 0 means that it is not all there.
func (r *keyReader) row(b []byte) (int, error) {
	if len(b) < 2 {
		return 0, nil
	}
	n := int16(binary.BigEndian.Uint16(b))
	if n == -1 {
		return 2, nil
	}
	if int(n) != len(r.fields) {
		return 0, errKeyFormat
	}
	at := 2
	for i, f := range r.fields {
		if len(b) < at+4 {
			return 0, nil
		}
		size := int(int32(binary.BigEndian.Uint32(b[at:])))
		at += 4
		if size < 0 {
			r.key[i] = engine.Datum{}
			continue
		}
		if len(b) < at+size {
			return 0, nil
		}
		if err := f.read(&r.key[i], b[at:at+size]); err != nil {
			return 0, err
		}
		at += size
	}
	return at, r.yield(r.key)
}

// read is the reverse of append, for all but numeric.
func (f fieldEncoder) read(d *engine.Datum, b []byte) error {
	d.Valid = true
	sizes := map[fieldEncoder]int{asBool: 1, asInt2: 2, asInt4: 4, asInt8: 8, asFloat8: 8, asDate: 4, asTimestamp: 8}
	if f != asText && len(b) != sizes[f] {
		return errKeyFormat
	}
	switch f {
	case asText:
		d.Bytes = b
	case asBool:
		d.Int = int64(b[0])
	case asInt2:
		d.Int = int64(int16(binary.BigEndian.Uint16(b)))
	case asInt4:
		d.Int = int64(int32(binary.BigEndian.Uint32(b)))
	case asDate:
		d.Int = int64(int32(binary.BigEndian.Uint32(b))) + epochDays
	case asTimestamp:
		d.Int = int64(binary.BigEndian.Uint64(b)) + epochMicros
	case asFloat8:
		d.Float = math.Float64frombits(binary.BigEndian.Uint64(b))
	default:
		d.Int = int64(binary.BigEndian.Uint64(b))
	}
	return nil
}
