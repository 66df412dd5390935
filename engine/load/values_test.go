package load

import (
	"bytes"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pipewright/engine"
)

// FuzzTimestamp compares with time.Parse, which must agree on every form that both know.
func FuzzTimestamp(f *testing.F) {
	for _, s := range []string{
		"2024-02-29", "2023-02-29", "2024-02-29 10:11", "2024-02-29 10:11:12", "2024-02-29T10:11:12.123456", "2024-02-29T10:11:12.1234567",
		"2024-02-29T10:11:12Z", "2024-02-29 10:11:12+02:00", "0000-01-01", "9999-12-31 23:59:59.999999", "2024-02-29 24:00:00", "2024-02-29 10:11:60",
		"2024-02-29 10:11:12+0230", "2024-02-29 10:11:12-05", "2024-2-29", "infinity", "now", "",
	} {
		f.Add(s)
	}
	layouts := []string{"2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02 15:04:05-07:00", "2006-01-02 15:04:05-0700",
		"2006-01-02 15:04:05-07", "2006-01-02 15:04-07:00", "2006-01-02 15:04-0700", "2006-01-02 15:04-07"}
	f.Fuzz(func(t *testing.T, s string) {
		micros, offset, z, ok := parseTimestamp([]byte(s))
		canonical := s
		if len(s) > 10 && s[10] == 'T' {
			canonical = s[:10] + " " + s[11:]
		}
		if strings.HasSuffix(canonical, "Z") || strings.HasSuffix(canonical, "z") {
			canonical = canonical[:len(canonical)-1] + "+00"
		}
		var want time.Time
		known := false
		for _, layout := range layouts {
			if v, err := time.Parse(layout, canonical); err == nil && v.Year() >= 1 {
				want, known = v, true
				break
			}
		}
		if ok && !known {
			t.Fatalf("%q was taken", s)
		}
		if known && !ok && !beyond(canonical) {
			t.Fatalf("%q was not taken", s)
		}
		if ok && want.UnixMicro() != micros-offset {
			t.Fatalf("%q: %v, want %v", s, time.UnixMicro(micros-offset).UTC(), want.UTC())
		}
		if _, seconds := want.Zone(); ok && (z == otherZone) != (seconds != 0) {
			t.Fatalf("%q: zone %d, offset %d s", s, z, seconds)
		}
	})
}

// beyond says why time.Parse may take what the parser does not: fractions of more than a microsecond or after
// a comma, hours of one digit and more than one space before them, and offsets of 16 hours and more.
func beyond(s string) bool {
	if len(s) > 12 && (s[12] == ':' || s[11] == ' ') {
		return true
	}
	if i := strings.IndexAny(s, ".,"); i >= 0 {
		digits := len(s[i+1:]) - len(strings.TrimLeft(s[i+1:], "0123456789"))
		if s[i] == ',' || digits > 6 {
			return true
		}
	}
	if i := strings.LastIndexAny(s, "+-"); i > 10 && len(s) >= i+3 {
		return s[i+1:i+3] > "15" || len(s) == i+6 && s[i+4:] > "59" || len(s) == i+5 && s[i+3:] > "59"
	}
	return false
}

func TestDatesAreTheCalendars(t *testing.T) {
	day := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	for day.Year() < 10000 {
		text := day.Format(time.DateOnly)
		if n, ok := parseDate([]byte(text)); !ok || n != day.Unix()/86400 {
			t.Fatalf("%s: %d %v", text, n, ok)
		}
		day = day.AddDate(0, 0, 17)
	}
}

// FuzzNumbers compares whole numbers with strconv, and decimals with math/big.
func FuzzNumbers(f *testing.F) {
	for _, s := range []string{"0", "-0", "007", "+44", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e5", "1_000", ".5", "5.", "1.50", "-", "", "0x10", "NaN", "inf"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, ok := parseInt([]byte(s))
		want, err := strconv.ParseInt(s, 10, 64)
		if ok != (err == nil) || ok && n != want {
			t.Fatalf("%q: %d %v, want %d %v", s, n, ok, want, err)
		}
		if isDecimal([]byte(s)) {
			r, ok := new(big.Rat).SetString(s)
			if !ok {
				t.Fatalf("%q is no number to math/big", s)
			}
			if whole, scale := decimalSize([]byte(s)); len(s) < 100 {
				if got := r.FloatString(scale); len(strings.TrimLeft(strings.TrimLeft(strings.Split(got, ".")[0], "-"), "0")) != whole {
					t.Fatalf("%q: %d digits before the point, %s", s, whole, got)
				}
			}
		}
		if v, ok := parseFloat([]byte(s)); ok {
			if w, err := strconv.ParseFloat(s, 64); err != nil || w != v && w == w {
				t.Fatalf("%q: %v, want %v", s, v, w)
			}
		}
		var c columnStats
		c.guess = guessAll
		if s != "" && !strings.Contains(s, "\x00") {
			c.see([]byte(s))
			spec := c.column("c")
			switch spec.Type {
			case engine.TypeInteger, engine.TypeBigint:
				if strconv.FormatInt(want, 10) != s {
					t.Fatalf("%q was inferred as %s", s, spec.Type)
				}
			case engine.TypeNumeric:
				r, _ := new(big.Rat).SetString(s)
				if r.FloatString(spec.Scale) != s {
					t.Fatalf("%q was inferred as numeric", s)
				}
			case engine.TypeTimestamp, engine.TypeTimestamptz, engine.TypeDate, engine.TypeBoolean, engine.TypeText:
			default:
				t.Fatalf("%q was inferred as %s", s, spec.Type)
			}
		}
	})
}

func TestTruthValues(t *testing.T) {
	for s, want := range map[string]string{"t": "true", "YES": "true", "on": "true", "1": "true", "F": "false", "no": "false", "Off": "false", "0": "false", "maybe": "", "": "", "10": "", "truee": ""} {
		v, ok := parseBool([]byte(s))
		got := ""
		if ok {
			got = strconv.FormatBool(v)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func TestAddresses(t *testing.T) {
	long := strings.Repeat("a", 64)
	for address, want := range map[string]string{
		"ann@example.com":                           "",
		"o'neill+tag@mail.example.co.uk":            "",
		"ö@bücher.example":                          "",
		long + "@example.com":                       "",
		"a@" + strings.Repeat("b", 63) + ".example": "",
		"ann@":                      "no domain after @",
		"@example.com":              "nothing before the @",
		"n/a":                       "no @",
		"a@b@example.com":           "more than one @",
		"ann @example.com":          "a space in the address",
		"ann@example.com\t":         "a space in the address",
		"a" + long + "@example.com": "longer than 64 bytes before the @",
		"a@" + strings.Repeat("b.", 130) + "example": "longer than 254 bytes",
		"a@" + strings.Repeat("b", 64) + ".example":  "a domain with a part longer than 63 bytes",
		".ann@example.com":                           "a dot in the wrong place before the @",
		"ann.@example.com":                           "a dot in the wrong place before the @",
		"a..n@example.com":                           "a dot in the wrong place before the @",
		"ann@example":                                "no dot in the domain",
		"ann@.example":                               "a dot in the wrong place in the domain",
		"ann@example.":                               "a dot in the wrong place in the domain",
		"ann@ex..ample.com":                          "a dot in the wrong place in the domain",
		"ann@-example.com":                           "a hyphen in the wrong place in the domain",
		"ann@example-.com":                           "a hyphen in the wrong place in the domain",
		"ann@exam_ple.com":                           "a character that no domain has",
		"ann@127.0.0.1":                              "a domain that ends in a number",
		"ann@example.c":                              "a domain that ends in a single letter",
		"ann@127.0.0.10":                             "a domain that ends in a number",
		"(ann)@example.com":                          "a character that no address has before the @",
		"ann;bob@example.com":                        "a character that no address has before the @",
		"ann\x7f@example.com":                        "a character that no address has before the @",
	} {
		if got := checkEmail([]byte(address)); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}

func FuzzEmail(f *testing.F) {
	f.Add("ann@example.com")
	f.Add("@.")
	f.Fuzz(func(t *testing.T, s string) {
		if s == "" {
			return // never shown to a rule
		}
		reason := checkEmail([]byte(s))
		if reason != "" {
			return
		}
		local, domain, ok := strings.Cut(s, "@")
		if !ok || local == "" || strings.Contains(domain, "@") || !strings.Contains(domain, ".") || len(s) > 254 || strings.ContainsAny(s, " \t\r\n\"<>(),;:\\[]") {
			t.Fatalf("%q was taken", s)
		}
	})
}

// TestEqualKeysMeet: keys are the same exactly when they are equal after folding.
func TestEqualKeysMeet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune("aAbB \t.0ü")), 0, 6, -1)
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		fold := func(s string) string {
			return strings.Map(func(r rune) rune {
				if r >= 'A' && r <= 'Z' {
					return r + 32
				}
				return r
			}, strings.Trim(s, " \t\n\r"))
		}
		if (sumOf(a, engine.TypeText) == sumOf(b, engine.TypeText)) != (fold(a) == fold(b)) {
			t.Fatalf("%q and %q", a, b)
		}
		number := rapid.StringMatching(`[-+]?0{0,2}[0-9]{1,2}(\.[0-9]{1,2}0{0,2})?`)
		m, n := number.Draw(t, "m"), number.Draw(t, "n")
		x, _ := new(big.Rat).SetString(m)
		y, _ := new(big.Rat).SetString(n)
		if (sumOf(m, engine.TypeNumeric) == sumOf(n, engine.TypeNumeric)) != (x.Cmp(y) == 0) {
			t.Fatalf("%s and %s", m, n)
		}
	})
}

func sumOf(s string, typ engine.DataType) hash {
	k := keyer{seed: 1}
	k.start()
	k.add(&engine.Datum{Valid: true, Bytes: []byte(s)}, typ)
	return k.sum()
}

// TestDedupeIsExact compares with a map, through the overflow of tables of all sizes.
func TestDedupeIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		defer WithSlots(rapid.SampledFrom([]int{4, 64, 4096}).Draw(t, "slots"))()
		tmp := &scratch{}
		defer tmp.close()
		d := newDedupe(tmp, 0)
		defer d.close()
		firsts := map[uint64]int64{}
		of := func(n uint64) hash { return hash{n * 0x9E3779B97F4A7C15, n * 0xC2B2AE3D27D4EB4F} }
		for _, n := range rapid.SliceOfN(rapid.Uint64Range(0, 300), 0, 300).Draw(t, "existing") {
			d.existing(of(n))
			firsts[n] = 0
		}
		type asked struct {
			n   uint64
			row int64
		}
		var suspects []asked
		for i, n := range rapid.SliceOfN(rapid.Uint64Range(0, 600), 0, 800).Draw(t, "rows") {
			row := int64(i + 1)
			first, known := firsts[n]
			if !known {
				firsts[n] = row
			}
			switch state, got := d.add(of(n), row); state {
			case fresh:
				if known {
					t.Fatalf("row %d was seen in row %d", row, first)
				}
			case duplicate:
				if !known || got != first {
					t.Fatalf("row %d: duplicate of %d, want %d %v", row, got, first, known)
				}
			case suspect:
				suspects = append(suspects, asked{n, row})
			}
		}
		if err := d.settle(func() error { return nil }); err != nil {
			t.Fatal(err)
		}
		for _, s := range suspects {
			if got, err := d.first(of(s.n)); err != nil || got != firsts[s.n] {
				t.Fatalf("row %d: first in %d, want %d (%v)", s.row, got, firsts[s.n], err)
			}
		}
	})
}

func TestInferenceNeedsTheWholeColumn(t *testing.T) {
	for _, c := range []struct {
		cells string
		want  engine.DataType
	}{
		{"1 2 -3", engine.TypeInteger}, {"1 2147483648", engine.TypeBigint}, {"1 9223372036854775808", engine.TypeNumeric},
		{"1 1.5", engine.TypeNumeric}, {"1 007", engine.TypeText}, {"+44 1", engine.TypeText}, {"1e5 2", engine.TypeText},
		{"-0 1", engine.TypeText}, {"-0.0 1", engine.TypeText}, {"-0.10 1", engine.TypeNumeric}, {".5 1", engine.TypeText}, {"5. 1", engine.TypeText},
		{"true False TRUE", engine.TypeBoolean}, {"true no", engine.TypeText}, {"t f", engine.TypeText}, {"0 1", engine.TypeInteger},
		{"2024-01-01 2024-02-29", engine.TypeDate}, {"2024-01-01 2023-02-29", engine.TypeText},
		{"2024-01-01T00:00:00 2024-01-01T00:00", engine.TypeTimestamp}, {"2024-01-01 2024-01-01T00:00:00", engine.TypeText},
		{"2024-01-01T00:00:00Z 2024-01-01T00:00:00+00:00", engine.TypeTimestamptz}, {"2024-01-01T00:00:00Z 2024-01-01T00:00:00+01:00", engine.TypeText},
		{"", engine.TypeText}, {"1 x", engine.TypeText},
	} {
		s := columnStats{guess: guessAll}
		for _, cell := range strings.Fields(c.cells) {
			s.see([]byte(cell))
		}
		if got := s.column("c").Type; got != c.want {
			t.Errorf("%s: %s, want %s", c.cells, got, c.want)
		}
	}
}

func TestEverySchemaIsWhole(t *testing.T) {
	for _, s := range Schemas() {
		columns := map[string]bool{}
		for _, c := range s.Table.Columns {
			columns[c.Name] = true
			if parserOf(c) == nil {
				t.Errorf("%s.%s cannot be loaded", s.Name, c.Name)
			}
		}
		for _, name := range append(append([]string{}, s.Required...), s.Table.Key...) {
			if !columns[name] {
				t.Errorf("%s has no column %s", s.Name, name)
			}
		}
		for _, r := range s.Rules {
			if !columns[r.Column] || r.Name == "" || r.Says == "" || r.Source == "" || r.Check == nil {
				t.Errorf("%s: the rule %+v", s.Name, r)
			}
		}
	}
}

func TestCellsSurviveTheQuarantine(t *testing.T) {
	for _, s := range []string{"", "a", " a ", `"`, `a"b`, "a,b", "a\nb", "\r", " "} {
		if got := string(appendCell(nil, s)); strings.Contains(got, ",") && !bytes.HasPrefix([]byte(got), []byte{'"'}) {
			t.Errorf("%q: %s", s, got)
		}
	}
}
