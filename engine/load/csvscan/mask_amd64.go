package csvscan

import "golang.org/x/sys/cpu"

// masks looks at 1 to 64 blocks of 64 bytes from src on. For each it puts a mask at dst, with a bit for
// each byte that is a, b, c or "\n", and one at wide, with a bit for each byte that is not ASCII; the first
// byte's is the lowest. some is not 0 if any byte is not ASCII; nul says whether any is NUL.
func masks(dst, wide *uint64, src *byte, blocks int, a, b, c byte) (some uint64, nul bool) {
	if hasAVX2 {
		return masksAVX2(dst, wide, src, blocks, a, b, c)
	}
	return masksSSE2(dst, wide, src, blocks, a, b, c)
}

var hasAVX2 = cpu.X86.HasAVX2

// masksSSE2 is masks with what every amd64 has.
//
//go:noescape
func masksSSE2(dst, wide *uint64, src *byte, blocks int, a, b, c byte) (some uint64, nul bool)

// masksAVX2 is masks with AVX2.
//
//go:noescape
func masksAVX2(dst, wide *uint64, src *byte, blocks int, a, b, c byte) (some uint64, nul bool)
