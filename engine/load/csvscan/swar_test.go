package csvscan

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// Masks are what they say, by assembly and by words.
func TestMasks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		abc := rapid.SliceOfN(rapid.Byte(), 3, 3).Draw(t, "abc")
		near := rapid.OneOf(rapid.Byte(), rapid.SampledFrom(append([]byte("\n\r,\x00\xff\x80\x01"), abc...)))
		data := rapid.SliceOfN(near, 0, 5000).Draw(t, "data")
		var got window
		got.look(data, abc[0], abc[1], abc[2])
		if want := min((len(data)+63)/64, windowBlocks); got.blocks != want {
			t.Fatalf("%d blocks, want %d", got.blocks, want)
		}
		data = data[:min(len(data), 64*windowBlocks)]
		checkMasks(t, got.seek[:got.blocks], got.wide[:got.blocks], data, abc)
		if some := bytes.ContainsFunc(data, func(r rune) bool { return r >= 0x80 }); got.some != some {
			t.Fatalf("some is %v", got.some)
		}
		if nul := bytes.IndexByte(data, 0) >= 0; got.nul != nul {
			t.Fatalf("nul is %v", got.nul)
		}
		data = data[:len(data)&^63]
		seek, wide := make([]uint64, len(data)/64), make([]uint64, len(data)/64)
		some, nul := wordMasks(seek, wide, data, abc[0], abc[1], abc[2])
		checkMasks(t, seek, wide, data, abc)
		if want := bytes.ContainsFunc(data, func(r rune) bool { return r >= 0x80 }); some != 0 != want {
			t.Fatalf("by words, some is %x", some)
		}
		if want := bytes.IndexByte(data, 0) >= 0; nul != want {
			t.Fatalf("by words, nul is %v", nul)
		}
	})
}

func checkMasks(t *rapid.T, seek, wide []uint64, data, abc []byte) {
	for i, b := range data {
		want := b == '\n' || b == abc[0] || b == abc[1] || b == abc[2]
		if seek[i>>6]>>(i&63)&1 == 1 != want {
			t.Fatalf("byte %d is %x, and its bit %v", i, b, !want)
		}
		if wide[i>>6]>>(i&63)&1 == 1 != (b >= 0x80) {
			t.Fatalf("byte %d is %x, and its wide bit %v", i, b, b < 0x80)
		}
	}
	for i := len(data); i < 64*len(seek); i++ {
		if (seek[i>>6]|wide[i>>6])>>(i&63)&1 != 0 {
			t.Fatalf("byte %d is not there, and has a bit", i)
		}
	}
}

// validText agrees with the standard library.
func TestValidText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.OneOf(
			rapid.StringN(0, 40, -1), rapid.StringMatching("[a-z]{0,40}"),
			rapid.SampledFrom([]string{"é", "日", "🙂", "\xc3", "\xa9", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\x80"}),
		)).Draw(t, "parts")
		var b []byte
		for _, p := range parts {
			b = append(b, p...)
		}
		if validText(b) != utf8.Valid(b) {
			t.Fatalf("%q: %v", b, validText(b))
		}
	})
}
