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
		var got [windowBlocks]uint64
		n, wide, nul := windowMasks(&got, data, abc[0], abc[1], abc[2])
		words := make([]uint64, min(len(data)/64, windowBlocks))
		wide2, nul2 := wordMasks(words, data, abc[0], abc[1], abc[2])
		if want := min((len(data)+63)/64, windowBlocks); n != want {
			t.Fatalf("%d blocks, want %d", n, want)
		}
		if z := bytes.IndexByte(data[:min(len(data), 64*n)], 0) >= 0; nul != z {
			t.Fatalf("nul is %v", nul)
		}
		if keep := uint64(1)<<len(words) - 1; wide&keep != wide2 {
			t.Fatalf("wide %x, by words %x", wide, wide2)
		}
		if z := bytes.IndexByte(data[:64*len(words)], 0) >= 0; nul2 != z {
			t.Fatalf("nul by words is %v", nul2)
		}
		for i := range n {
			block := data[64*i : min(64*i+64, len(data))]
			if w := bytes.ContainsFunc(block, func(r rune) bool { return r >= 0x80 }); wide>>i&1 == 1 != w {
				t.Fatalf("block %d: wide is %v", i, !w)
			}
		}
		for i := range n * 64 {
			want := i < len(data) && (data[i] == '\n' || data[i] == abc[0] || data[i] == abc[1] || data[i] == abc[2])
			if got[i>>6]>>(i&63)&1 == 1 != want {
				t.Fatalf("byte %d: bit %v, want %v", i, !want, want)
			}
			if k := i >> 6; k < len(words) && words[k] != got[k] {
				t.Fatalf("block %d: %x, by words %x", k, got[k], words[k])
			}
		}
	})
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
