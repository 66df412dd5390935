//go:build !unix

package load

// newArena gives words of zero. free gives them back; they must not be used afterwards.
func newArena(words int) (arena []uint64, free func()) {
	return make([]uint64, words), func() {}
}
