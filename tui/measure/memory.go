package main

import (
	"context"
	"fmt"
)

// measureMemory loads files of growing size and compares the process's peak resident memory.
func measureMemory(ctx context.Context, b *bench) error {
	if _, err := b.server(ctx); err != nil {
		return err
	}
	var peaks []float64
	for rows := b.most / 100; rows <= b.most; rows *= 10 {
		file, err := b.makeLeads(ctx, rows)
		if err != nil {
			return err
		}
		took, peak, err := timed(b.ours(ctx, "load", file, "--table", "sized_leads", "--schema", "leads", "--mode", "replace"))
		if err != nil {
			return err
		}
		mib := float64(peak) / (1 << 20)
		peaks = append(peaks, mib)
		b.atMost(fmt.Sprintf("peak memory, %d rows in %.1f s", rows, took.Seconds()), "MiB", spreadOf([]float64{mib}), 200)
	}
	s := spreadOf(peaks)
	b.atMost("greatest peak over least", "%", spreadOf([]float64{100 * (s.high/s.low - 1)}), 30)
	return nil
}
