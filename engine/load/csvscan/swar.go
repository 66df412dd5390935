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

// validText is utf8.Valid for texts that are ASCII for the most part: it takes eight bytes at a time again
// after those that are not.
func validText(b []byte) bool {
	for i := 0; i < len(b); {
		if i+8 <= len(b) {
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
		n := wideRune(b[i:])
		if n == 0 {
			return false
		}
		i += n
	}
	return true
}

// gather packs the high bits of the eight bytes of m into the low byte of the result, the first byte's
// lowest.
func gather(m uint64) uint64 { return (m >> 7) * 0x0102040810204080 >> 56 }

// wordMasks is masks by words of eight bytes, for processors without assembly here, and to check it by.
func wordMasks(dst, wide []uint64, src []byte, a, b, c byte) (some uint64, nul bool) {
	pa, pb, pc, pn := uint64(a)*ones, uint64(b)*ones, uint64(c)*ones, uint64('\n')*ones
	for block := range dst {
		bytes := (*[64]byte)(src[64*block:])
		var mask, high uint64
		nonNUL := ^uint64(0)
		for i := 0; i < 64; i += 8 {
			v := binary.LittleEndian.Uint64(bytes[i:])
			high |= gather(v&highBits) << i
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
		dst[block], wide[block] = mask, high
		some |= high
		if nonNUL&highBits != highBits {
			nul = true
		}
	}
	return some, nul
}

// notZero has the high bit of each byte clear if and only if that byte of v is zero.
func notZero(v uint64) uint64 { return v&lowBits + lowBits | v }

// windowBlocks is how many masks are made at a time: 4 KiB of text, which stays in the nearest cache.
const windowBlocks = 64

// window holds the masks of a stretch of text, as [masks] makes them.
type window struct {
	seek   [windowBlocks]uint64
	wide   [windowBlocks]uint64
	blocks int  // how many there are
	some   bool // some byte is not ASCII
	nul    bool // some byte is NUL
}

// look makes the masks of the first blocks of data, the last of which may be a part of one.
func (w *window) look(data []byte, a, b, c byte) {
	n := min(len(data)/64, windowBlocks)
	var some uint64
	w.nul = false
	if n > 0 {
		some, w.nul = masks(&w.seek[0], &w.wide[0], &data[0], n, a, b, c)
	}
	if tail := data[n*64:]; n < windowBlocks && len(tail) > 0 {
		var padded [64]byte
		for i := copy(padded[:], tail); i < len(padded); i++ {
			padded[i] = ' '
		}
		more, nul := masks(&w.seek[n], &w.wide[n], &padded[0], 1, a, b, c)
		w.seek[n] &= 1<<len(tail) - 1
		some |= more
		w.nul = w.nul || nul
		n++
	}
	w.blocks, w.some = n, some != 0
}
