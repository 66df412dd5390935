package engine

// DataType is a column type that every load backend can hold.
type DataType string

// The data types of a load. Their names are PostgreSQL's.
const (
	TypeText        DataType = "text"
	TypeVarchar     DataType = "varchar" // with Length, in characters
	TypeBoolean     DataType = "boolean"
	TypeSmallint    DataType = "smallint"
	TypeInteger     DataType = "integer"
	TypeBigint      DataType = "bigint"
	TypeNumeric     DataType = "numeric" // exact; kept as its digits
	TypeDouble      DataType = "double precision"
	TypeDate        DataType = "date"
	TypeTimestamp   DataType = "timestamp" // without time zone, microseconds
	TypeTimestamptz DataType = "timestamptz"
)

// ColumnSpec is one column of a table to be loaded.
type ColumnSpec struct {
	Name   string
	Type   DataType
	Length int // of a varchar, in characters; 0 otherwise
	// Precision and Scale of a numeric, for backends whose numeric needs them; 0 and 0 when any will do.
	Precision int
	Scale     int
	Exact     bool // they are part of the type, also where a numeric without them is possible
	NotNull   bool
	Default   string // SQL expression, as CREATE TABLE takes it
	Primary   bool
	Unique    bool
	Serial    bool // filled by the database; not in the file
}

// TableSpec is a table to be loaded: its columns in order, and its key.
type TableSpec struct {
	Name    string // "leads" or "schema.leads"
	Columns []ColumnSpec
	Key     []string // columns by which a duplicate is known; empty: none
}

// Datum is one typed value of a row on its way into a table. The zero Datum is NULL.
type Datum struct {
	Valid bool
	Int   int64   // boolean (0, 1), integer, bigint, date (days since 1970-01-01), timestamp (microseconds since 1970-01-01 UTC)
	Float float64 // double precision
	Bytes []byte  // text, varchar, numeric; valid until the row has been encoded
}
