package binaries

import (
	"time"

	"pipewright/engine"
)

// meter counts the bytes of one stage and reports them at most ten times a second.
type meter struct {
	report            func(engine.Progress)
	stage             string
	first, now, total int64
	began, last       time.Time
}

// meter starts a stage at done bytes of total (0 when unknown), and reports at once.
func (f Fetcher) meter(stage string, done, total int64) *meter {
	m := &meter{report: f.report, stage: stage, first: done, now: done, total: total, began: time.Now()}
	m.flush()
	return m
}

// Write implements io.Writer.
func (m *meter) Write(p []byte) (int, error) {
	m.now += int64(len(p))
	if time.Since(m.last) >= 100*time.Millisecond {
		m.flush()
	}
	return len(p), nil
}

// flush reports what there is.
func (m *meter) flush() {
	m.last = time.Now()
	p := engine.Progress{Stage: m.stage, Done: m.now, Total: m.total, Unit: "bytes", Elapsed: time.Since(m.began)}
	if s := p.Elapsed.Seconds(); s > 0 && m.now > m.first {
		p.Rate = float64(m.now-m.first) / s
		if m.total > m.now {
			p.Left = time.Duration(float64(m.total-m.now) / p.Rate * float64(time.Second))
		}
	}
	m.report(p)
}
