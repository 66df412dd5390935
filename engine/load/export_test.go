package load

// WithSlots makes the table of keys so small that a few rows overflow it, until the function that it gives is
// called.
func WithSlots(n int) (restore func()) {
	old := mostSlots
	mostSlots = n
	return func() { mostSlots = old }
}
