package csvscan

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// Eight bytes at a time ("SIMD within a register"): a byte of a word is found by comparing all eight at
// once. The formula is the exact one of Hacker's Delight, §6-1: no false positives.
const (
	lowBits  = 0x7f7f7f7f7f7f7f7f
	ones     = 0x0101010101010101
	highBits = 0x8080808080808080
)

// validText is utf8.Valid for texts that are ASCII for the most part.
func validText(b []byte) bool { return textPrefix(b, len(b)) >= 0 }

// textPrefix looks whether the characters that begin in the first n bytes of b are UTF-8. It gives the
// offset after the last of them, which may be beyond n, or -1. Unlike utf8.Valid it takes eight bytes at a
// time again after those that are not ASCII.
func textPrefix(b []byte, n int) int {
	i := 0
	for i < n {
		if i+8 <= n {
			v := binary.LittleEndian.Uint64(b[i:]) & highBits
			if v == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(v) >> 3
		} else if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		if i+1 < len(b) && b[i] >= 0xc2 && b[i] <= 0xdf && b[i+1]&0xc0 == 0x80 {
			i += 2 // by far the commonest beyond ASCII in Latin scripts, Greek, Cyrillic
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return -1
		}
		i += size
	}
	return i
}

// gather packs the high bits of the eight bytes of m into the low byte of the result, the first byte's
// lowest.
func gather(m uint64) uint64 { return (m >> 7) * 0x0102040810204080 >> 56 }

// wordMasks is masks by words of eight bytes, for processors without assembly here, and to check it by.
func wordMasks(dst []uint64, src []byte, a, b, c byte) (wide uint64, nul bool) {
	pa, pb, pc, pn := uint64(a)*ones, uint64(b)*ones, uint64(c)*ones, uint64('\n')*ones
	for block := range dst {
		bytes := (*[64]byte)(src[64*block:])
		var mask, or uint64
		nonNUL := ^uint64(0)
		for i := 0; i < 64; i += 8 {
			v := binary.LittleEndian.Uint64(bytes[i:])
			or |= v
			nonNUL &= notZero(v)
			none := notZero(v^pn) & notZero(v^pa)
			if b != '\n' {
				none &= notZero(v ^ pb)
			}
			if c != '\n' {
				none &= notZero(v ^ pc)
			}
			mask |= gather(^none&highBits) << i
		}
		dst[block] = mask
		if or&highBits != 0 {
			wide |= 1 << block
		}
		if nonNUL&highBits != highBits {
			nul = true
		}
	}
	return wide, nul
}

// notZero has the high bit of each byte clear if and only if that byte of v is zero.
func notZero(v uint64) uint64 { return v&lowBits + lowBits | v }

// windowBlocks is how many masks are made at a time: 4 KiB of text, which stays in the nearest cache.
const windowBlocks = 64

// windowMasks makes the masks of the first blocks of data, the last of which may be a part of one, and
// gives their number, and what [masks] gives.
func windowMasks(m *[windowBlocks]uint64, data []byte, a, b, c byte) (n int, wide uint64, nul bool) {
	n = min(len(data)/64, windowBlocks)
	if n > 0 {
		wide, nul = masks(&m[0], &data[0], n, a, b, c)
	}
	if tail := data[n*64:]; n < windowBlocks && len(tail) > 0 {
		padded := [64]byte{}
		for i := copy(padded[:], tail); i < len(padded); i++ {
			padded[i] = ' '
		}
		w, z := masks(&m[n], &padded[0], 1, a, b, c)
		m[n] &= 1<<len(tail) - 1
		wide |= w << n
		nul = nul || z
		n++
	}
	return n, wide, nul
}
