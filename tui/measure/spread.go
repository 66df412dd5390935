package main

import (
	"fmt"
	"slices"
	"time"
)

// spread is a sample by its least, median and greatest.
type spread struct{ low, mid, high float64 }

func spreadOf(sample []float64) spread {
	s := slices.Sorted(slices.Values(sample))
	n := len(s)
	mid := s[n/2]
	if n%2 == 0 {
		mid = (s[n/2-1] + s[n/2]) / 2
	}
	return spread{s[0], mid, s[n-1]}
}

func seconds(sample []time.Duration) []float64 {
	out := make([]float64, len(sample))
	for i, d := range sample {
		out[i] = d.Seconds()
	}
	return out
}

// ratios gives peer/ours pair by pair: how many times faster ours is.
func ratios(ours, peer []time.Duration) []float64 {
	out := make([]float64, len(ours))
	for i := range ours {
		out[i] = peer[i].Seconds() / ours[i].Seconds()
	}
	return out
}

// pairs times two things in turn, in alternating order, after one run of each that does not count.
func pairs(rounds int, ours, peer func() (time.Duration, error)) (a, b []time.Duration, err error) {
	for i := -1; i < rounds; i++ {
		first, second := ours, peer
		if i%2 != 0 {
			first, second = peer, ours
		}
		x, err := first()
		if err != nil {
			return nil, nil, err
		}
		y, err := second()
		if err != nil {
			return nil, nil, err
		}
		if i%2 != 0 {
			x, y = y, x
		}
		if i >= 0 {
			a, b = append(a, x), append(b, y)
		}
	}
	return a, b, nil
}

// atLeast prints a ratio and whether it reaches its floor; floor 0 is for information only.
func (b *bench) atLeast(what string, s spread, floor float64) {
	verdict := ""
	if floor > 0 {
		verdict = fmt.Sprintf("at least %.2f×: holds", floor)
		if s.mid < floor {
			verdict = fmt.Sprintf("at least %.2f×: DOES NOT HOLD", floor)
			b.missed++
		}
	}
	fmt.Printf("  %-52s %7.2f×  (%.2f–%.2f)   %s\n", what, s.mid, s.low, s.high, verdict)
}

// atMost prints a figure and whether it stays within its limit; limit 0 is for information only.
func (b *bench) atMost(what, unit string, s spread, limit float64) {
	verdict := ""
	if limit > 0 {
		verdict = fmt.Sprintf("at most %.0f %s: holds", limit, unit)
		if s.mid > limit {
			verdict = fmt.Sprintf("at most %.0f %s: DOES NOT HOLD", limit, unit)
			b.missed++
		}
	}
	fmt.Printf("  %-52s %7.1f %s (%.1f–%.1f)   %s\n", what, s.mid, unit, s.low, s.high, verdict)
}
