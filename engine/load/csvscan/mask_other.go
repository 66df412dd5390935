//go:build !amd64

package csvscan

import "unsafe"

// masks looks at 1 to 64 blocks of 64 bytes from src on. For each it puts a mask at dst: a bit for each
// byte that is a, b, c or "\n", the first byte's lowest. wide has a bit for each block that is not all
// ASCII; nul says whether any holds a NUL.
func masks(dst *uint64, src *byte, blocks int, a, b, c byte) (wide uint64, nul bool) {
	return wordMasks(unsafe.Slice(dst, blocks), unsafe.Slice(src, 64*blocks), a, b, c)
}
