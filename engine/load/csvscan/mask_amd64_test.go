package csvscan

import "testing"

// Without AVX2 the masks are the same.
func TestMasksSSE2(t *testing.T) {
	defer func(has bool) { hasAVX2 = has }(hasAVX2)
	hasAVX2 = false
	TestMasks(t)
}
