package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"pipewright/engine"
)

// readDefaults evaluates the defaults of the plan's columns once, in the transaction, because the binary
// format has no word for a default. A default that differs from row to row is left out.
func (s *LoadSink) readDefaults(ctx context.Context) error {
	s.target.Defaults = make([]engine.Datum, len(s.target.Columns))
	for i, c := range s.target.Columns {
		if c.Default == "" || c.Serial || differs(c.Default) {
			continue
		}
		v := "(" + c.Default + ")"
		switch c.Type {
		case engine.TypeBoolean:
			v += "::int"
		case engine.TypeDate:
			v = "(" + v + "::date - date '1970-01-01')"
		case engine.TypeTimestamp, engine.TypeTimestamptz:
			v = "(extract(epoch from " + v + "::" + string(c.Type) + ") * 1000000)::bigint"
		case engine.TypeText, engine.TypeVarchar, engine.TypeNumeric, engine.TypeDouble:
			v += "::text"
		}
		rows, err := s.query(ctx, "select "+v)
		if err != nil {
			return err
		}
		if rows[0][0] == nil {
			continue
		}
		d, err := datumOf(c.Type, string(rows[0][0]))
		if err != nil {
			return fmt.Errorf("the default of %s: %w", c.Name, err)
		}
		s.target.Defaults[i] = d
	}
	return nil
}

// differs says whether a default's text calls something that gives another value for each row.
func differs(expr string) bool {
	for _, f := range []string{"nextval(", "random(", "uuid", "clock_timestamp(", "timeofday("} {
		if strings.Contains(expr, f) {
			return true
		}
	}
	return false
}

func datumOf(t engine.DataType, text string) (engine.Datum, error) {
	d := engine.Datum{Valid: true}
	var err error
	switch t {
	case engine.TypeText, engine.TypeVarchar, engine.TypeNumeric:
		d.Bytes = []byte(text)
	case engine.TypeDouble:
		d.Float, err = strconv.ParseFloat(text, 64)
	default:
		d.Int, err = strconv.ParseInt(text, 10, 64)
	}
	return d, err
}
