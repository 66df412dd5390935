package postgres

import (
	"context"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"pipewright/engine"
)

// typeKey is a type with its modifier, as a result describes a column.
type typeKey struct {
	oid uint32
	mod int32
}

// builtinTypes are the names that format_type gives to the common types without a modifier; the others
// are asked of the server. The numbers are those of pg_type.dat, which never change.
var builtinTypes = map[uint32]string{
	16: "boolean", 17: "bytea", 18: `"char"`, 19: "name", 20: "bigint", 21: "smallint", 23: "integer", 25: "text", 26: "oid",
	114: "json", 142: "xml", 700: "real", 701: "double precision", 790: "money", 869: "inet", 1042: "bpchar", 1043: "character varying",
	1082: "date", 1083: "time without time zone", 1114: "timestamp without time zone", 1184: "timestamp with time zone",
	1186: "interval", 1266: "time with time zone", 1700: "numeric", 2205: "regclass", 2950: "uuid", 3802: "jsonb",
	1007: "integer[]", 1009: "text[]", 1016: "bigint[]",
}

// valueKind sorts a type as psql does when it aligns (column_type_alignment in psql's print code), and by
// how JSON says it.
func valueKind(oid uint32) engine.ValueKind {
	switch oid {
	case 20, 21, 23, 26, 28, 29, 700, 701, 790, 1700, 5069:
		return engine.NumberValue
	case 16:
		return engine.BoolValue
	case 1082, 1083, 1114, 1184, 1186, 1266:
		return engine.TimeValue
	case 114, 3802:
		return engine.JSONValue
	case 17:
		return engine.BytesValue
	}
	return engine.TextValue
}

func fieldDescriptions(msg *pgproto3.RowDescription) []pgconn.FieldDescription {
	out := make([]pgconn.FieldDescription, len(msg.Fields))
	for i, f := range msg.Fields {
		out[i] = pgconn.FieldDescription{Name: string(f.Name), DataTypeOID: f.DataTypeOID, TypeModifier: f.TypeModifier}
	}
	return out
}

// describeColumns names the columns' types as psql's \gdesc does. It says whether it had to ask the
// server, which makes the server forget the statement that was parsed last.
func (q *QueryConn) describeColumns(fields []pgconn.FieldDescription) (columns []engine.Column, asked bool, err error) {
	var missing []typeKey
	for _, f := range fields {
		key := typeKey{f.DataTypeOID, f.TypeModifier}
		if _, known := q.types[key]; known {
			continue
		}
		if name := builtinTypes[key.oid]; name != "" && key.mod == -1 {
			q.types[key] = name
			continue
		}
		missing = append(missing, key)
	}
	if len(missing) > 0 {
		if err := q.askTypes(missing); err != nil {
			return nil, true, err
		}
	}
	columns = make([]engine.Column, len(fields))
	for i, f := range fields {
		columns[i] = engine.Column{Name: f.Name, Kind: valueKind(f.DataTypeOID), Type: q.types[typeKey{f.DataTypeOID, f.TypeModifier}]}
	}
	return columns, len(missing) > 0, nil
}

func (q *QueryConn) askTypes(keys []typeKey) error {
	var b strings.Builder
	b.WriteString("SELECT pg_catalog.format_type(o, m) FROM (VALUES ")
	for i, k := range keys {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("(" + strconv.Itoa(i) + "," + strconv.FormatUint(uint64(k.oid), 10) + "::oid," + strconv.Itoa(int(k.mod)) + ")")
	}
	b.WriteString(") t(i, o, m) ORDER BY i")
	result := q.pg.ExecParams(context.Background(), b.String(), nil, nil, nil, nil).Read()
	if result.Err != nil {
		if pgErr := asPgError(result.Err); pgErr != nil {
			return serverError(b.String(), 0, pgErr)
		}
		return lostError("", result.Err)
	}
	for i, row := range result.Rows {
		q.types[keys[i]] = string(row[0])
	}
	return nil
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
