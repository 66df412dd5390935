package postgres

import (
	"bytes"
	"encoding/binary"
	"math/big"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
	"pgregory.net/rapid"

	"pipewright/engine"
)

// TestNumericsReadBack has pgx, which reads the same format, say what was written.
func TestNumericsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.StringMatching(`[-+]?[0-9]{1,30}(\.[0-9]{1,30})?`),
			rapid.StringMatching(`-?0{0,9}[0-9]0{0,9}(\.0{0,9}[0-9]?0{0,9})?`),
			rapid.StringMatching(`\.[0-9]{1,9}`),
			rapid.StringMatching(`[0-9]{1,9}\.`),
		).Draw(t, "text")
		b := appendNumeric(nil, []byte(text))
		if int(binary.BigEndian.Uint32(b)) != len(b)-4 {
			t.Fatalf("%s: length %d of %d bytes", text, binary.BigEndian.Uint32(b), len(b)-4)
		}
		var n pgtype.Numeric
		if err := pgtype.NewMap().Scan(pgtype.NumericOID, pgtype.BinaryFormatCode, b[4:], &n); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		want, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("%s is no number", text)
		}
		got := new(big.Rat).SetInt(n.Int)
		scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(abs(n.Exp))), nil))
		if n.Exp < 0 {
			got.Quo(got, scale)
		} else {
			got.Mul(got, scale)
		}
		if got.Cmp(want) != 0 {
			t.Fatalf("%s: %v, want %v", text, got, want)
		}
		_, frac, _ := strings.Cut(text, ".")
		if shown := int(binary.BigEndian.Uint16(b[10:])); shown != len(frac) {
			t.Fatalf("%s: %d digits are shown after the point, want %d", text, shown, len(frac))
		}
	})
}

func abs(n int32) int32 { return max(n, -n) }

// TestKeysComeThroughInPieces cuts a COPY of what Encode wrote at any place.
func TestKeysComeThroughInPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields := []fieldEncoder{asText, asInt4, asTimestamp, asBool}
		s := &LoadSink{fields: fields}
		datum := func(i int) engine.Datum {
			d := engine.Datum{Valid: rapid.Bool().Draw(t, "valid")}
			if !d.Valid {
				return d
			}
			switch i {
			case 0:
				d.Bytes = []byte(rapid.StringN(0, 20, -1).Draw(t, "text"))
			case 3:
				d.Int = int64(rapid.IntRange(0, 1).Draw(t, "bool"))
			default:
				d.Int = int64(rapid.Int32().Draw(t, "int"))
			}
			return d
		}
		var rows [][]engine.Datum
		stream := append([]byte(nil), copyHeader...)
		for range rapid.IntRange(0, 20).Draw(t, "rows") {
			row := []engine.Datum{datum(0), datum(1), datum(2), datum(3)}
			rows = append(rows, row)
			stream = s.Encode(stream, row)
		}
		stream = append(stream, copyTrailer...)
		next := 0
		r := &keyReader{fields: fields, key: make([]engine.Datum, 4), yield: func(key []engine.Datum) error {
			for i, d := range key {
				if w := rows[next][i]; d.Valid != w.Valid || d.Int != w.Int || !bytes.Equal(d.Bytes, w.Bytes) {
					t.Fatalf("row %d: %+v, want %+v", next, key, rows[next])
				}
			}
			next++
			return nil
		}}
		for len(stream) > 0 {
			n := rapid.IntRange(1, len(stream)).Draw(t, "cut")
			if _, err := r.Write(stream[:n]); err != nil {
				t.Fatal(err)
			}
			stream = stream[n:]
		}
		if next != len(rows) {
			t.Fatalf("%d rows of %d", next, len(rows))
		}
	})
}
