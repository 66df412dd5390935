package load

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf8"
	"unsafe"

	"pipewright/engine"
)

// The parsers below read one cell each, without allocating, and take it whole: surrounding space is not
// cut off. They give false rather than a rounded or guessed value.

// parseInt reads a decimal integer of at most 64 bits, with an optional sign. Like PostgreSQL's int8in it
// takes leading zeros and a plus.
func parseInt(b []byte) (int64, bool) {
	neg := false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		neg = b[0] == '-'
		b = b[1:]
	}
	if len(b) == 0 {
		return 0, false
	}
	var n uint64
	for _, c := range b {
		d := uint64(c - '0')
		if d > 9 || n > math.MaxUint64/10-1 {
			return 0, false
		}
		n = n*10 + d
	}
	switch {
	case neg && n <= 1<<63:
		return -int64(n), true
	case !neg && n < 1<<63:
		return int64(n), true
	}
	return 0, false
}

// isDecimal says whether b is an optional sign, digits, and optionally a point with digits; at least one
// digit in all. That is PostgreSQL's numeric without exponent, NaN and infinity.
func isDecimal(b []byte) bool {
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		b = b[1:]
	}
	digits, points := 0, 0
	for _, c := range b {
		switch {
		case c-'0' <= 9:
			digits++
		case c == '.':
			points++
		default:
			return false
		}
	}
	return digits > 0 && points <= 1
}

// decimalSize gives the digits before and after the point of what isDecimal took, leading zeros not
// counted.
func decimalSize(b []byte) (whole, scale int) {
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		b = b[1:]
	}
	if i := bytes.IndexByte(b, '.'); i >= 0 {
		scale = len(b) - i - 1
		b = b[:i]
	}
	for len(b) > 0 && b[0] == '0' {
		b = b[1:]
	}
	return len(b), scale
}

// parseFloat reads a double as strconv does, without hexadecimal and underscores.
func parseFloat(b []byte) (float64, bool) {
	for _, c := range b {
		if c == '_' || c == 'x' || c == 'X' || c == 'p' || c == 'P' {
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(textOf(b), 64)
	return f, err == nil
}

// parseBool reads the words that PostgreSQL's boolin documents: true, yes, on, 1 and false, no, off, 0, and
// their first letters, in any case.
func parseBool(b []byte) (value, ok bool) {
	var buf [5]byte
	if len(b) == 0 || len(b) > len(buf) {
		return false, false
	}
	for i, c := range b {
		if c-'A' <= 'Z'-'A' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	switch string(buf[:len(b)]) {
	case "true", "t", "yes", "y", "on", "1":
		return true, true
	case "false", "f", "no", "n", "off", "0":
		return false, true
	}
	return false, false
}

// parseDate reads YYYY-MM-DD, a day of the proleptic Gregorian calendar in the years 1 to 9999, as days
// since 1970-01-01.
func parseDate(b []byte) (days int64, ok bool) {
	if len(b) != 10 || b[4] != '-' || b[7] != '-' {
		return 0, false
	}
	y, ok1 := digits(b[0:4])
	m, ok2 := digits(b[5:7])
	d, ok3 := digits(b[8:10])
	if !ok1 || !ok2 || !ok3 || y < 1 || m < 1 || m > 12 || d < 1 || d > daysIn(y, m) {
		return 0, false
	}
	return civilDays(y, m, d), true
}

// civilDays counts the days since 1970-01-01 of a date, after Howard Hinnant's days_from_civil.
func civilDays(y, m, d int) int64 {
	if m <= 2 {
		y--
		m += 12
	}
	era := y / 400
	yoe := y - era*400
	doy := (153*(m-3)+2)/5 + d - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return int64(era)*146097 + int64(doe) - 719468
}

func daysIn(y, m int) int {
	switch m {
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

func digits(b []byte) (int, bool) {
	n := 0
	for _, c := range b {
		d := c - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + int(d)
	}
	return n, true
}

// zone is what follows the time in a timestamp.
type zone uint8

const (
	noZone zone = iota
	utcZone
	otherZone // with an offset that is not zero
)

// parseTimestamp reads ISO 8601 as PostgreSQL and RFC 3339 write it: a date, "T" or a space, hours and
// minutes, optionally seconds with up to six digits of fraction, optionally "Z" or an offset. A date alone
// is its midnight. micros counts from 1970-01-01 00:00 as the clock stands; offset is to be taken off it
// to get UTC.
func parseTimestamp(b []byte) (micros, offset int64, z zone, ok bool) {
	if len(b) < 10 {
		return 0, 0, noZone, false
	}
	days, ok := parseDate(b[:10])
	if !ok {
		return 0, 0, noZone, false
	}
	micros = days * 86_400_000_000
	b = b[10:]
	if len(b) == 0 {
		return micros, 0, noZone, true
	}
	if b[0] != ' ' && b[0] != 'T' {
		return 0, 0, noZone, false
	}
	clock, rest, ok := parseClock(b[1:])
	if !ok {
		return 0, 0, noZone, false
	}
	offset, z, ok = parseOffset(rest)
	return micros + clock, offset, z, ok
}

// parseClock reads HH:MM[:SS[.ffffff]] off the front of b, in microseconds.
func parseClock(b []byte) (micros int64, rest []byte, ok bool) {
	if len(b) < 5 || b[2] != ':' {
		return 0, nil, false
	}
	h, ok1 := digits(b[0:2])
	m, ok2 := digits(b[3:5])
	if !ok1 || !ok2 || h > 23 || m > 59 {
		return 0, nil, false
	}
	micros = int64(h*3600+m*60) * 1_000_000
	b = b[5:]
	if len(b) < 3 || b[0] != ':' {
		return micros, b, true
	}
	s, ok := digits(b[1:3])
	if !ok || s > 59 {
		return 0, nil, false
	}
	micros += int64(s) * 1_000_000
	b = b[3:]
	if len(b) == 0 || b[0] != '.' {
		return micros, b, true
	}
	n, unit := 1, int64(100_000)
	for ; n < len(b) && b[n]-'0' <= 9; n++ {
		if unit == 0 {
			return 0, nil, false
		}
		micros += int64(b[n]-'0') * unit
		unit /= 10
	}
	return micros, b[n:], n > 1
}

// parseOffset reads "", "Z", ±HH, ±HHMM or ±HH:MM, in microseconds east of UTC.
func parseOffset(b []byte) (offset int64, z zone, ok bool) {
	if len(b) == 0 {
		return 0, noZone, true
	}
	if len(b) == 1 && (b[0] == 'Z' || b[0] == 'z') {
		return 0, utcZone, true
	}
	sign := int64(1)
	switch b[0] {
	case '-':
		sign = -1
	case '+':
	default:
		return 0, noZone, false
	}
	b = b[1:]
	if len(b) < 2 {
		return 0, noZone, false
	}
	h, ok := digits(b[:2])
	b = b[2:]
	m := 0
	if ok && len(b) > 0 {
		if b[0] == ':' {
			b = b[1:]
		}
		if len(b) != 2 {
			return 0, noZone, false
		}
		m, ok = digits(b)
	}
	if !ok || h > 15 || m > 59 {
		return 0, noZone, false
	}
	if h == 0 && m == 0 {
		return 0, utcZone, true
	}
	return sign * int64(h*3600+m*60) * 1_000_000, otherZone, true
}

// longerThan says whether b has more than n characters.
func longerThan(b []byte, n int) bool { return len(b) > n && utf8.RuneCount(b) > n }

// textOf gives b as a string that is valid while b is.
func textOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// parser reads a cell that is not empty into d. It gives a reason when it cannot.
type parser func(d *engine.Datum, b []byte) (reason string)

func parseText(d *engine.Datum, b []byte) string {
	d.Bytes = b
	return ""
}

func parseInteger(d *engine.Datum, b []byte) string {
	n, ok := parseInt(b)
	if !ok {
		return "not a whole number"
	}
	if n != int64(int32(n)) {
		return "outside −2147483648 … 2147483647"
	}
	d.Int = n
	return ""
}

func parseSmallint(d *engine.Datum, b []byte) string {
	n, ok := parseInt(b)
	if !ok {
		return "not a whole number"
	}
	if n != int64(int16(n)) {
		return "outside −32768 … 32767"
	}
	d.Int = n
	return ""
}

func parseBigint(d *engine.Datum, b []byte) string {
	n, ok := parseInt(b)
	if !ok {
		return "not a whole number"
	}
	d.Int = n
	return ""
}

func parseDouble(d *engine.Datum, b []byte) string {
	f, ok := parseFloat(b)
	if !ok {
		return "not a number"
	}
	d.Float = f
	return ""
}

func parseBoolean(d *engine.Datum, b []byte) string {
	v, ok := parseBool(b)
	if !ok {
		return "not true or false"
	}
	d.Int = 0
	if v {
		d.Int = 1
	}
	return ""
}

func parseDay(d *engine.Datum, b []byte) string {
	n, ok := parseDate(b)
	if !ok {
		return "not a date"
	}
	d.Int = n
	return ""
}

func parseLocal(d *engine.Datum, b []byte) string {
	n, _, z, ok := parseTimestamp(b)
	if !ok {
		return "not a timestamp"
	}
	if z == otherZone {
		return "a time zone where the column keeps none"
	}
	d.Int = n
	return ""
}

func parseInstant(d *engine.Datum, b []byte) string {
	n, offset, z, ok := parseTimestamp(b)
	if !ok {
		return "not a timestamp"
	}
	if z == noZone {
		return "a timestamp without its time zone"
	}
	d.Int = n - offset
	return ""
}

// parseUTC is parseInstant for a file that keeps no time zones: its times are taken as UTC.
func parseUTC(d *engine.Datum, b []byte) string {
	n, offset, _, ok := parseTimestamp(b)
	if !ok {
		return "not a timestamp"
	}
	d.Int = n - offset
	return ""
}

// parseNumeric gives a parser for numeric(precision, scale); 0 and 0 take any, within PostgreSQL's own
// limits of 131072 digits before and 16383 after the point.
func parseNumeric(precision, scale int) parser {
	maxWhole, maxScale := 131072, 16383
	if precision > 0 {
		maxWhole, maxScale = precision-scale, scale
	}
	return func(d *engine.Datum, b []byte) string {
		if !isDecimal(b) {
			return "not a number"
		}
		whole, frac := decimalSize(b)
		if whole > maxWhole {
			return "more than " + strconv.Itoa(maxWhole) + " digits before the point"
		}
		if frac > maxScale {
			return "more than " + strconv.Itoa(maxScale) + " digits after the point"
		}
		d.Bytes = b
		return ""
	}
}

// parserOf gives the parser for a column, or nil when its type cannot be loaded.
func parserOf(c engine.ColumnSpec) parser {
	switch c.Type {
	case engine.TypeText, engine.TypeVarchar:
		return parseText
	case engine.TypeBoolean:
		return parseBoolean
	case engine.TypeSmallint:
		return parseSmallint
	case engine.TypeInteger:
		return parseInteger
	case engine.TypeBigint:
		return parseBigint
	case engine.TypeNumeric:
		return parseNumeric(c.Precision, c.Scale)
	case engine.TypeDouble:
		return parseDouble
	case engine.TypeDate:
		return parseDay
	case engine.TypeTimestamp:
		return parseLocal
	case engine.TypeTimestamptz:
		return parseInstant
	}
	return nil
}
