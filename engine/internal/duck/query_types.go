package duck

import (
	"strconv"
	"strings"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"pipewright/engine"
)

// scalarTypes are DuckDB's names of the types that have no parameters, as DESCRIBE prints them.
var scalarTypes = map[bindings.Type]string{
	bindings.TypeBoolean: "BOOLEAN", bindings.TypeTinyInt: "TINYINT", bindings.TypeSmallInt: "SMALLINT",
	bindings.TypeInteger: "INTEGER", bindings.TypeBigInt: "BIGINT", bindings.TypeUTinyInt: "UTINYINT",
	bindings.TypeUSmallInt: "USMALLINT", bindings.TypeUInteger: "UINTEGER", bindings.TypeUBigInt: "UBIGINT",
	bindings.TypeFloat: "FLOAT", bindings.TypeDouble: "DOUBLE", bindings.TypeTimestamp: "TIMESTAMP",
	bindings.TypeDate: "DATE", bindings.TypeTime: "TIME", bindings.TypeInterval: "INTERVAL",
	bindings.TypeHugeInt: "HUGEINT", bindings.TypeUHugeInt: "UHUGEINT", bindings.TypeVarchar: "VARCHAR",
	bindings.TypeBlob: "BLOB", bindings.TypeTimestampS: "TIMESTAMP_S", bindings.TypeTimestampMS: "TIMESTAMP_MS",
	bindings.TypeTimestampNS: "TIMESTAMP_NS", bindings.TypeUUID: "UUID", bindings.TypeBit: "BIT",
	bindings.TypeTimeTZ: "TIME WITH TIME ZONE", bindings.TypeTimestampTZ: "TIMESTAMP WITH TIME ZONE",
	bindings.TypeBigNum: "BIGNUM", bindings.TypeSQLNull: `"NULL"`, bindings.TypeTimeNS: "TIME_NS",
	bindings.TypeGeometry: "GEOMETRY", bindings.TypeVariant: "VARIANT",
}

// typeName is a type as DESCRIBE prints it.
func typeName(t bindings.LogicalType) string {
	if alias := bindings.LogicalTypeGetAlias(t); alias != "" {
		return alias
	}
	id := bindings.GetTypeId(t)
	if name, ok := scalarTypes[id]; ok {
		return name
	}
	switch id {
	case bindings.TypeDecimal:
		return "DECIMAL(" + strconv.Itoa(int(bindings.DecimalWidth(t))) + "," + strconv.Itoa(int(bindings.DecimalScale(t))) + ")"
	case bindings.TypeEnum:
		var values []string
		for i := range bindings.EnumDictionarySize(t) {
			values = append(values, quote(bindings.EnumDictionaryValue(t, bindings.IdxT(i)), '\''))
		}
		return "ENUM(" + strings.Join(values, ", ") + ")"
	case bindings.TypeList:
		return childName(bindings.ListTypeChildType(t)) + "[]"
	case bindings.TypeArray:
		return childName(bindings.ArrayTypeChildType(t)) + "[" + strconv.FormatUint(uint64(bindings.ArrayTypeArraySize(t)), 10) + "]"
	case bindings.TypeMap:
		return "MAP(" + childName(bindings.MapTypeKeyType(t)) + ", " + childName(bindings.MapTypeValueType(t)) + ")"
	case bindings.TypeStruct:
		var members []string
		for i := range bindings.StructTypeChildCount(t) {
			members = append(members, memberName(bindings.StructTypeChildName(t, i))+" "+childName(bindings.StructTypeChildType(t, i)))
		}
		return "STRUCT(" + strings.Join(members, ", ") + ")"
	case bindings.TypeUnion:
		var members []string
		for i := range bindings.UnionTypeMemberCount(t) {
			members = append(members, memberName(bindings.UnionTypeMemberName(t, i))+" "+childName(bindings.UnionTypeMemberType(t, i)))
		}
		return "UNION(" + strings.Join(members, ", ") + ")"
	}
	return "UNKNOWN"
}

// childName names a type and lets go of it.
func childName(t bindings.LogicalType) string {
	defer bindings.DestroyLogicalType(&t)
	return typeName(t)
}

// memberName is a struct member's name as DuckDB writes it: quoted unless it is a plain lower-case word.
func memberName(name string) string {
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c != '_' && (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			return quote(name, '"')
		}
	}
	return name
}

func quote(s string, q byte) string {
	mark := string(q)
	return mark + strings.ReplaceAll(s, mark, mark+mark) + mark
}

// valueKind sorts a type by how its values are aligned and encoded.
func valueKind(id bindings.Type, name string) engine.ValueKind {
	switch id {
	case bindings.TypeTinyInt, bindings.TypeSmallInt, bindings.TypeInteger, bindings.TypeBigInt, bindings.TypeUTinyInt,
		bindings.TypeUSmallInt, bindings.TypeUInteger, bindings.TypeUBigInt, bindings.TypeHugeInt, bindings.TypeUHugeInt,
		bindings.TypeFloat, bindings.TypeDouble, bindings.TypeDecimal, bindings.TypeBigNum:
		return engine.NumberValue
	case bindings.TypeBoolean:
		return engine.BoolValue
	case bindings.TypeDate, bindings.TypeTime, bindings.TypeTimeTZ, bindings.TypeTimeNS, bindings.TypeTimestamp,
		bindings.TypeTimestampS, bindings.TypeTimestampMS, bindings.TypeTimestampNS, bindings.TypeTimestampTZ, bindings.TypeInterval:
		return engine.TimeValue
	case bindings.TypeBlob:
		return engine.BytesValue
	}
	if name == "JSON" {
		return engine.JSONValue
	}
	return engine.TextValue
}
