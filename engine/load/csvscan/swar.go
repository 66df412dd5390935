package csvscan

import (
	"encoding/binary"
	"math/bits"
)

// Eight bytes at a time ("SIMD within a register"): a byte of a word is found by comparing all eight at
// once. The formula is the exact one of Hacker's Delight, §6-1: no false positives.
const (
	lowBits  = 0x7f7f7f7f7f7f7f7f
	ones     = 0x0101010101010101
	highBits = 0x8080808080808080
)

// zeroBytes sets the high bit of each byte of v that is zero.
func zeroBytes(v uint64) uint64 {
	return ^((v&lowBits + lowBits) | v | lowBits)
}

// indexEither gives the offset of the first a or b in data at or after from, or len(data).
func indexEither(data []byte, from int, a, b byte) int {
	pa, pb := uint64(a)*ones, uint64(b)*ones
	i := from
	for ; i+8 <= len(data); i += 8 {
		v := binary.LittleEndian.Uint64(data[i:])
		if m := zeroBytes(v^pa) | zeroBytes(v^pb); m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
	}
	for ; i < len(data); i++ {
		if data[i] == a || data[i] == b {
			return i
		}
	}
	return len(data)
}
