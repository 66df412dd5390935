package plan

import "strings"

// textProperty adds what a line of the text form says, under the names of the JSON form.
func textProperty(ps []Property, prefix, t string) []Property {
	key := propertyKey(t)
	if key == "" {
		return append(ps, Property{prefix + "Text", t})
	}
	rest := strings.TrimSpace(t[len(key)+1:])
	if rest == "" {
		return ps // a heading: what is under it bears its name
	}
	n := len(ps)
	switch key {
	case "Buffers":
		ps = buffers(ps, rest)
	case "I/O Timings":
		ps = ioTimings(ps, rest)
	case "WAL":
		ps = pairs(ps, strings.Replace(rest, "buffers full", "buffers-full", 1),
			map[string]string{"records": "WAL Records", "fpi": "WAL FPI", "bytes": "WAL Bytes", "buffers-full": "WAL Buffers Full"})
	case "Heap Blocks":
		ps = pairs(ps, rest, map[string]string{"exact": "Exact Heap Blocks", "lossy": "Lossy Heap Blocks"})
	case "Tuples":
		ps = pairs(ps, rest, map[string]string{"inserted": "Tuples Inserted", "updated": "Tuples Updated", "deleted": "Tuples Deleted", "skipped": "Tuples Skipped"})
	case "Memory":
		ps = pairs(ps, rest, map[string]string{"used": "Memory Used", "allocated": "Memory Allocated"})
	case "Options":
		ps = options(ps, rest)
	case "Timing":
		ps = jitTiming(ps, rest)
	case "Sampling":
		ps = sampling(ps, rest)
	default:
		ps = segments(ps, key, rest)
	}
	for i := n; i < len(ps); i++ {
		ps[i].Key = prefix + ps[i].Key
	}
	return ps
}

// pairs reads "a=1 b=2kB" with names from a table; what the table does not have keeps its own.
func pairs(ps []Property, s string, names map[string]string) []Property {
	for _, f := range strings.Fields(s) {
		k, v, ok := strings.Cut(f, "=")
		if !ok {
			if f == "ms" || f == "kB" {
				continue
			}
			k, v = "Text", f
		}
		if name, known := names[k]; known {
			k = name
		}
		ps = append(ps, Property{k, bareNumber(v)})
	}
	return ps
}

// bareNumber takes the unit off a number.
func bareNumber(s string) string {
	for _, unit := range []string{"kB", " ms", "ms", " b"} {
		if n, ok := strings.CutSuffix(s, unit); ok {
			if _, is := parseNumber(n); is {
				return n
			}
		}
	}
	return s
}

// buffers reads "shared hit=1 read=2, temp written=3".
func buffers(ps []Property, s string) []Property {
	kind := ""
	for _, f := range strings.Fields(s) {
		f = strings.TrimSuffix(f, ",")
		k, v, ok := strings.Cut(f, "=")
		if !ok {
			kind = capital(f)
			continue
		}
		ps = append(ps, Property{kind + " " + capital(k) + " Blocks", v})
	}
	return ps
}

// ioTimings reads all three spellings: "read=1" up to 14, "shared/local read=1, temp read=2" in 15 and
// 16, "shared read=1, local read=2, temp read=3" from 17.
func ioTimings(ps []Property, s string) []Property {
	kind := ""
	for _, f := range strings.Fields(s) {
		f = strings.TrimSuffix(f, ",")
		k, v, ok := strings.Cut(f, "=")
		switch {
		case ok:
			ps = append(ps, Property{kind + "I/O " + capital(k) + " Time", v})
		case f == "shared/local":
			kind = ""
		default:
			kind = capital(f) + " "
		}
	}
	return ps
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// sampling reads "bernoulli ('10'::real) REPEATABLE ('1'::double precision)".
func sampling(ps []Property, s string) []Property {
	s, seed, ok := strings.Cut(s, ") REPEATABLE (")
	if ok {
		s += ")"
		ps = append(ps, Property{"Repeatable Seed", strings.TrimSuffix(seed, ")")})
	}
	method, rest, _ := strings.Cut(s, " (")
	return append(ps, Property{"Sampling Method", method}, Property{"Sampling Parameters", strings.TrimSuffix(rest, ")")})
}

// options reads JIT's "Inlining false, Optimization true".
func options(ps []Property, s string) []Property {
	for _, part := range strings.Split(s, ", ") {
		name, v, ok := strings.Cut(part, " ")
		if !ok {
			name, v = "Text", part
		}
		ps = append(ps, Property{"Options/" + name, v})
	}
	return ps
}

// jitTiming reads "Generation 1.0 ms (Deform 0.2 ms), Inlining 0.0 ms, …".
func jitTiming(ps []Property, s string) []Property {
	for _, part := range strings.Split(s, ", ") {
		deform := ""
		if before, inner, ok := strings.Cut(part, " (Deform "); ok {
			part, deform = before, strings.TrimSuffix(inner, ")")
		}
		name, v, ok := strings.Cut(part, " ")
		if !ok {
			name, v = "Text", part
		}
		key := "Timing/" + name
		if deform != "" {
			ps = append(ps, Property{key + "/Deform", bareNumber(deform)})
			key += "/Total"
		}
		ps = append(ps, Property{key, bareNumber(v)})
	}
	return ps
}

// segmentKeys are lines that say several things, "Buckets: 1024  Batches: 1  Memory Usage: 9kB", by the
// thing that they begin with; each gives the JSON names of the things.
var segmentKeys = map[string]map[string]string{
	"Sort Method": {"Memory": "Sort Space Used", "Disk": "Sort Space Used"},
	"Buckets":     {"Buckets": "Hash Buckets", "Batches": "Hash Batches", "Memory Usage": "Peak Memory Usage"},
	"Batches":     {"Batches": "HashAgg Batches", "Memory Usage": "Peak Memory Usage", "Disk Usage": "Disk Usage"},
	"Planned Partitions": {"Batches": "HashAgg Batches", "Memory Usage": "Peak Memory Usage",
		"Disk Usage": "Disk Usage"},
	"Hits": {"Hits": "Cache Hits", "Misses": "Cache Misses", "Evictions": "Cache Evictions", "Overflows": "Cache Overflows",
		"Memory Usage": "Peak Memory Usage"},
	"Full-sort Groups":  sortGroup,
	"Pre-sorted Groups": sortGroup,
	"Storage":           {"Maximum Storage": "Maximum Storage"},
}

var sortGroup = map[string]string{
	"Full-sort Groups": "Group Count", "Pre-sorted Groups": "Group Count", "Sort Method": "Sort Methods Used", "Sort Methods": "Sort Methods Used",
	"Average Memory": "Sort Space Memory/Average Sort Space Used", "Peak Memory": "Sort Space Memory/Peak Sort Space Used",
	"Average Disk": "Sort Space Disk/Average Sort Space Used", "Peak Disk": "Sort Space Disk/Peak Sort Space Used",
}

// segmentNames are all the things that can follow on such a line.
var segmentNames = []string{"Memory Usage:", "Disk Usage:", "Maximum Storage:", "Average Memory:", "Peak Memory:", "Average Disk:", "Peak Disk:",
	"Sort Methods:", "Sort Method:", "Memory:", "Disk:", "Batches:", "Misses:", "Evictions:", "Overflows:"}

func segments(ps []Property, key, rest string) []Property {
	names, ok := segmentKeys[key]
	if !ok {
		return append(ps, Property{key, bareNumber(rest)})
	}
	first := key
	for {
		end, next := len(rest), ""
		for _, name := range segmentNames {
			if i := strings.Index(rest, " "+name); i >= 0 && i < end {
				end, next = i, name
			}
		}
		v := strings.TrimSpace(rest[:end])
		name := key
		if n, known := names[key]; known {
			name = n
		}
		if strings.HasSuffix(first, " Groups") {
			name = first + "/" + name
		}
		ps = segment(ps, name, key, v)
		if next == "" {
			return ps
		}
		rest = strings.TrimSpace(rest[end+1+len(next):])
		key = strings.TrimSuffix(next, ":")
	}
}

func segment(ps []Property, name, key, v string) []Property {
	if before, original, ok := strings.Cut(v, " (originally "); ok {
		ps = append(ps, Property{name, before})
		return append(ps, Property{"Original " + name, strings.TrimSuffix(original, ")")})
	}
	ps = append(ps, Property{name, bareNumber(v)})
	if name == "Sort Space Used" {
		ps = append(ps, Property{"Sort Space Type", key})
	}
	return ps
}
