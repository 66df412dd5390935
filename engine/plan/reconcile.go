package plan

import "fmt"

// Reconciliation says whether a plan's self times add up to its root.
type Reconciliation struct {
	SelfMs      float64 // of all nodes together
	WholeMs     float64 // of the root, and what came after it
	OutsideMs   float64 // the part of WholeMs that came after the root
	Approximate int     // nodes whose figures are not exact
	Nodes       int
	Clock       Clock
	Timed       bool
}

// Reconcile adds a plan's self times up.
func Reconcile(p *Plan) Reconciliation {
	r := Reconciliation{Nodes: len(p.Nodes), Clock: p.Clock, Timed: p.Timed(), OutsideMs: p.OutsideMs}
	if r.Timed {
		r.WholeMs = *p.Nodes[0].InclusiveMs + p.OutsideMs
	}
	for i := range p.Nodes {
		if p.Nodes[i].SelfMs != nil {
			r.SelfMs += *p.Nodes[i].SelfMs
		}
		if p.Nodes[i].Approximate {
			r.Approximate++
		}
	}
	return r
}

// Holds says whether the sum is within one per cent of the whole, or a hundredth of a millisecond.
func (r Reconciliation) Holds() bool {
	d := r.SelfMs - r.WholeMs
	return d <= r.WholeMs/100+0.01 && -d <= r.WholeMs/100+0.01
}

// String gives the line that reconciles.
func (r Reconciliation) String() string {
	if !r.Timed {
		return "no times in this plan"
	}
	of := "the root"
	if r.OutsideMs > 0 {
		of = fmt.Sprintf("the root and %s after it", millis(r.OutsideMs))
	}
	share := 100.0
	if r.WholeMs > 0 {
		share = 100 * r.SelfMs / r.WholeMs
	}
	s := fmt.Sprintf("self %s of %d nodes = %.1f %% of %s, %s", millis(r.SelfMs), r.Nodes, share, of, millis(r.WholeMs))
	if r.Clock == CPU {
		s += " of processor time"
	}
	if r.Approximate > 0 {
		s += fmt.Sprintf("; ~ %d approximate", r.Approximate)
	}
	return s
}

// millis prints a time with about three digits.
func millis(ms float64) string {
	switch {
	case ms >= 1000:
		return fmt.Sprintf("%.2f s", ms/1000)
	case ms >= 100:
		return fmt.Sprintf("%.0f ms", ms)
	case ms >= 10:
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.3g ms", ms)
}
