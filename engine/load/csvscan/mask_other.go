//go:build !amd64

package csvscan

import "unsafe"

// masks looks at 1 to 64 blocks of 64 bytes from src on. For each it puts a mask at dst, with a bit for
// each byte that is a, b, c or "\n", and one at wide, with a bit for each byte that is not ASCII; the first
// byte's is the lowest. some is not 0 if any byte is not ASCII; nul says whether any is NUL.
func masks(dst, wide *uint64, src *byte, blocks int, a, b, c byte) (some uint64, nul bool) {
	return wordMasks(unsafe.Slice(dst, blocks), unsafe.Slice(wide, blocks), unsafe.Slice(src, 64*blocks), a, b, c)
}
