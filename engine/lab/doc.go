// Package lab is the composition root of the engine: it owns the backends, turns each request into a
// running job, and is the one place where capabilities (load, query, check) meet adapters (postgres,
// duck).
//
// [Open] returns at once; backends come up when a request needs them, or behind the caller when it
// asks for that. To add a backend: one adapter and one row in backends.go. To add a request: one type
// in engine and one row in the table of submit.go.
package lab
