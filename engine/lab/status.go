package lab

import (
	"context"
	"sync"

	"pipewright/engine"
)

// board holds the latest status of each backend and wakes those who wait for a change.
type board struct {
	mu      sync.Mutex
	order   []engine.Backend
	latest  map[engine.Backend]engine.BackendStatus
	version uint64
	changed chan struct{}
}

func newBoard(order []engine.Backend) *board {
	b := &board{order: order, latest: map[engine.Backend]engine.BackendStatus{}, changed: make(chan struct{})}
	for _, name := range order {
		b.latest[name] = engine.BackendStatus{Name: name, State: engine.StateUnknown}
	}
	return b
}

func (b *board) set(s engine.BackendStatus) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.latest[s.Name] = s
	b.version++
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *board) all() ([]engine.BackendStatus, uint64, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]engine.BackendStatus, 0, len(b.order))
	for _, name := range b.order {
		out = append(out, b.latest[name])
	}
	return out, b.version, b.changed
}

func (b *board) one(name engine.Backend) (engine.BackendStatus, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.latest[name], b.changed
}

// next waits until the board's version is past seen.
func (b *board) next(ctx context.Context, seen uint64) ([]engine.BackendStatus, uint64, error) {
	for {
		all, version, changed := b.all()
		if version > seen {
			return all, version, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return all, version, ctx.Err()
		}
	}
}
