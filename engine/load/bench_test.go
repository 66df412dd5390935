//go:build unix

package load_test

import (
	"context"
	"encoding/binary"
	"runtime"
	"strings"
	"testing"

	"pipewright/engine"
	"pipewright/engine/load"
)

// discard is a sink that throws everything away, after encoding it as PostgreSQL's would.
type discard struct{ columns []engine.ColumnSpec }

func (d *discard) Begin(_ context.Context, plan engine.LoadPlan) (engine.LoadTarget, error) {
	for _, name := range plan.Columns {
		for _, c := range plan.Spec.Columns {
			if c.Name == name {
				d.columns = append(d.columns, c)
			}
		}
	}
	return engine.LoadTarget{Name: plan.Spec.Name, Columns: d.columns, Defaults: make([]engine.Datum, len(d.columns))}, nil
}

func (d *discard) Keys(context.Context, func([]engine.Datum) error) error { return nil }

func (d *discard) Encode(dst []byte, row []engine.Datum) []byte {
	dst = append(dst, 0, byte(len(row)+1), 0, 0, 0, 4, 0, 0, 0, 0)
	for i := range row {
		if !row[i].Valid {
			dst = append(dst, 0xff, 0xff, 0xff, 0xff)
			continue
		}
		switch d.columns[i].Type {
		case engine.TypeTimestamp:
			dst = binary.BigEndian.AppendUint64(append(dst, 0, 0, 0, 8), uint64(row[i].Int))
		default:
			dst = binary.BigEndian.AppendUint32(dst, uint32(len(row[i].Bytes)))
			dst = append(dst, row[i].Bytes...)
		}
	}
	return dst
}

func (d *discard) Write(context.Context, []byte, []int32) error    { return nil }
func (d *discard) Commit(context.Context) (engine.LoadDone, error) { return engine.LoadDone{}, nil }
func (d *discard) Rollback() error                                 { return nil }

// BenchmarkLoadOneCore is the client's side alone of a load of leads: reading, splitting, validating,
// deduplicating and encoding, on one core.
func BenchmarkLoadOneCore(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const rows = 300_000
	l := newLoading(b, leadsFile(rows)).into("leads", "leads")
	l.o.Workers, l.o.Workspace = 1, l.ws
	b.SetBytes(int64(len(leadsFile(rows))))
	for b.Loop() {
		if err := load.Run(context.Background(), &discard{}, l.req, l.o, func(engine.Event) {}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkInferOneCore is the first pass of a load without a schema, and the second.
func BenchmarkInferOneCore(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const rows = 300_000
	text := "n,price,code,day,moment\n" + strings.Repeat("12345,17.50,A-7,2024-02-29,2024-02-29 10:11:12\n", rows)
	l := newLoading(b, text).into("things", "infer")
	l.o.Workers, l.o.Workspace = 1, l.ws
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if err := load.Run(context.Background(), &discard{}, l.req, l.o, func(engine.Event) {}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
