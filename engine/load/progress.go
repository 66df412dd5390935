package load

import (
	"sync"
	"sync/atomic"
	"time"

	"pipewright/engine"
	"pipewright/engine/load/csvscan"
)

const progressEvery = 50 * time.Millisecond

// progress reports a load while it runs. It makes sure that emit is called by one goroutine at a time.
type progress struct {
	mu      sync.Mutex
	to      func(engine.Event)
	count   *counts
	start   time.Time
	now     atomic.Pointer[stage]
	quit    chan struct{}
	stopped sync.WaitGroup
}

// stage is what a load is doing.
type stage struct {
	name  string
	src   *csvscan.Source // whose bytes are read; nil when they are not known yet
	start time.Time
}

func newProgress(emit func(engine.Event), c *counts) *progress {
	p := &progress{to: emit, count: c, start: time.Now(), quit: make(chan struct{})}
	p.stage("read", nil)
	p.stopped.Go(func() {
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.emit(p.snapshot())
			case <-p.quit:
				return
			}
		}
	})
	return p
}

func (p *progress) stage(name string, src *csvscan.Source) {
	p.now.Store(&stage{name: name, src: src, start: time.Now()})
}

func (p *progress) emit(e engine.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.to(e)
}

// stop reports a last time and ends. Nothing is emitted by the ticker afterwards.
func (p *progress) stop() {
	close(p.quit)
	p.stopped.Wait()
	p.emit(p.snapshot())
}

func (p *progress) snapshot() engine.Progress {
	s := p.now.Load()
	e := engine.Progress{
		Stage: s.name, Unit: "bytes",
		Rows:     p.count.read.Load(),
		Accepted: p.count.accepted.Load(), Rejected: p.count.rejected.Load(), Duplicates: p.count.duplicates.Load(),
		Elapsed: time.Since(p.start),
	}
	spent := time.Since(s.start)
	if e.Rows > 0 && spent > 0 {
		e.Rate = float64(e.Rows) / spent.Seconds()
	}
	if s.src == nil {
		return e
	}
	e.Done, e.Total = s.src.Read(), s.src.Size()
	if e.Total > 0 && e.Done > 0 && e.Done < e.Total {
		e.Left = time.Duration(float64(spent) * float64(e.Total-e.Done) / float64(e.Done))
	}
	return e
}

// finish puts the result together.
func (l *loader) finish(quarantine string) {
	elapsed := time.Since(l.start)
	r := engine.Loaded{
		Backend: l.req.Backend, Table: l.target.Name, Source: l.req.Path, Schema: l.schema.Name, Mode: l.req.Mode,
		Dialect: l.src.Dialect().String(), Digest: l.digest,
		RowsRead: l.count.read.Load(), Accepted: l.count.accepted.Load(),
		Rejected: l.count.rejected.Load(), Duplicates: l.count.duplicates.Load(),
		Bytes: l.src.Read(), Elapsed: elapsed, Quarantine: quarantine,
		Reasons: l.reasons, Sample: l.q.sample, At: time.Now(),
	}
	if s := elapsed.Seconds(); s > 0 {
		r.RowsPerSecond = float64(r.RowsRead) / s
	}
	l.result = r
}
