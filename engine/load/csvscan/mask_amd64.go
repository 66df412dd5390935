package csvscan

import "golang.org/x/sys/cpu"

// masks looks at 1 to 64 blocks of 64 bytes from src on. For each it puts a mask at dst: a bit for each
// byte that is a, b, c or "\n", the first byte's lowest. wide has a bit for each block that is not all
// ASCII; nul says whether any holds a NUL.
func masks(dst *uint64, src *byte, blocks int, a, b, c byte) (wide uint64, nul bool) {
	if hasAVX2 {
		return masksAVX2(dst, src, blocks, a, b, c)
	}
	return masksSSE2(dst, src, blocks, a, b, c)
}

var hasAVX2 = cpu.X86.HasAVX2

// masksSSE2 is masks with what every amd64 has.
//
//go:noescape
func masksSSE2(dst *uint64, src *byte, blocks int, a, b, c byte) (wide uint64, nul bool)

// masksAVX2 is masks with AVX2.
//
//go:noescape
func masksAVX2(dst *uint64, src *byte, blocks int, a, b, c byte) (wide uint64, nul bool)
