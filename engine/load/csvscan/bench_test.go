//go:build unix

package csvscan

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"
)

// leads makes a file as a CRM exports it: about 100 bytes a row, one cell in twenty quoted.
func leads(rows int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	first := []string{"Ann", "Bob", "Chloé", "Dmitri", "Eve", "Farid", "Grace", "Heidi"}
	last := []string{"Smith", "Jones", "Okafor", "Nguyen", "García", "Kowalski", "Haddad", "Lindqvist"}
	firm := []string{"Acme", "Globex", "Initech", "Umbrella", "Stark", "Wayne", "Wonka", "Hooli"}
	trade := []string{"Software", "Retail", "Healthcare", "Logistics", "Energy", "Education"}
	state := []string{"new", "contacted", "qualified", "lost", "won"}
	var b bytes.Buffer
	b.WriteString("company_name,contact_person,email,industry,status,created_at\n")
	for i := range rows {
		f, l, c := first[r.IntN(8)], last[r.IntN(8)], firm[r.IntN(8)]
		name := fmt.Sprintf("%s Holdings %d", c, i)
		if r.IntN(100) < 30 {
			name = fmt.Sprintf("\"%s Partners, Inc. %d\"", c, i)
		}
		if r.IntN(100) < 2 {
			name = fmt.Sprintf("\"%s \"\"The Best\"\" %d\"", c, i)
		}
		fmt.Fprintf(&b, "%s,%s %s,%c%s.%d@example.com,%s,%s,2026-%02d-%02d %02d:%02d:%02d\n", name, f, l, f[0]|0x20, "lead", i,
			trade[r.IntN(6)], state[r.IntN(5)], 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60))
	}
	return b.Bytes()
}

// ours opens, cuts and splits a text and counts records and cells.
func ours(data []byte) (rows, cells int, err error) {
	s, err := Open(bytes.NewReader(data), Options{Size: int64(len(data))})
	if err != nil {
		return 0, 0, err
	}
	p := NewParser(s.Dialect())
	for {
		c, err := s.Next()
		if err == io.EOF {
			return rows, cells, s.Close()
		}
		if err != nil {
			return 0, 0, err
		}
		p.Reset(c)
		var rec Record
		for p.Scan(&rec) {
			rows++
			cells += len(rec.Fields)
		}
		c.Release()
	}
}

// standard does the same with encoding/csv.
func standard(data []byte) (rows, cells int, err error) {
	r := csv.NewReader(bytes.NewReader(data))
	r.ReuseRecord = true
	if _, err := r.Read(); err != nil {
		return 0, 0, err
	}
	for {
		rec, err := r.Read()
		if err == io.EOF {
			return rows, cells, nil
		}
		if err != nil {
			return 0, 0, err
		}
		rows++
		cells += len(rec)
	}
}

// cpuTime is the processor time that the process has taken. Unlike the clock it holds still while other
// programs have the core.
func cpuTime(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// perRow reports the processor time for each row, in nanoseconds.
func perRow(b *testing.B, rows int, start time.Duration) {
	b.ReportMetric(float64(cpuTime(b)-start)/float64(b.N*rows), "cpu-ns/row")
}

// BenchmarkAgainstEncodingCSV reads the same 500,000 leads in turns, sniffing included, and reports how
// many times as fast we are by processor time: the median of the pairs, and the quartiles.
func BenchmarkAgainstEncodingCSV(b *testing.B) {
	data := leads(500_000)
	const rows = 500_000
	var ratios []float64
	var mine, theirs time.Duration
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		t0 := cpuTime(b)
		n, cells, err := ours(data)
		t1 := cpuTime(b)
		m, others, err2 := standard(data)
		t2 := cpuTime(b)
		if err != nil || err2 != nil || n != rows || m != n || cells != others {
			b.Fatal(n, m, cells, others, err, err2)
		}
		mine += t1 - t0
		theirs += t2 - t1
		ratios = append(ratios, float64(t2-t1)/float64(t1-t0))
	}
	slices.Sort(ratios)
	at := func(q float64) float64 { return ratios[int(q*float64(len(ratios)-1)+0.5)] }
	done := float64(rows) * float64(len(ratios))
	b.ReportMetric(at(0.5), "×encoding/csv")
	b.ReportMetric(at(0.25), "×q1")
	b.ReportMetric(at(0.75), "×q3")
	b.ReportMetric(done/mine.Seconds()/1e6, "Mrows/s")
	b.ReportMetric(done/theirs.Seconds()/1e6, "Mrows/s-encoding/csv")
}

// BenchmarkCut is the serial part alone: finding where records end.
func BenchmarkCut(b *testing.B) {
	data := leads(10_000)
	c := newCutter(Default())
	start := cpuTime(b)
	for b.Loop() {
		if c.scan(data, true).rows != 10_001 {
			b.Fatal("miscounted")
		}
	}
	perRow(b, 10_000, start)
}

// BenchmarkParse is the parallel part alone: splitting a chunk into cells.
func BenchmarkParse(b *testing.B) {
	data := leads(10_000)
	p := NewParser(Default())
	b.ReportAllocs()
	start := cpuTime(b)
	for b.Loop() {
		p.reset(data, 1, 1)
		var rec Record
		for p.Scan(&rec) {
		}
	}
	perRow(b, 10_000, start)
}

// BenchmarkOpenAndParse is the whole of our side.
func BenchmarkOpenAndParse(b *testing.B) {
	data := leads(500_000)
	b.ReportAllocs()
	start := cpuTime(b)
	for b.Loop() {
		if n, _, err := ours(data); n != 500_000 || err != nil {
			b.Fatal(n, err)
		}
	}
	perRow(b, 500_000, start)
}
