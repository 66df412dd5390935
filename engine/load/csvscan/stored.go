package csvscan

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"pipewright/engine"
)

// counter counts the stored bytes that are read.
type counter struct {
	r io.Reader
	n atomic.Int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// zstd frames may need as much memory as their window. 128 MiB is what the zstd tool itself takes without
// being asked for more (zstd(1), --memory).
const maxZstdWindow = 128 << 20

// unpack finds the compression by content and gives the unpacked bytes. Binary formats that are known by
// their first bytes are refused, packed or not.
func (s *Source) unpack() (io.Reader, error) {
	stored := bufio.NewReaderSize(s.stored, 64<<10)
	first, err := stored.Peek(512)
	if len(first) == 0 && err != nil && err != io.EOF {
		return nil, s.broken(err, cut{})
	}
	s.d.Compression = compression(first)
	if s.d.Compression == "" {
		if kind := formatOf(first); kind != "" {
			return nil, s.notText(kind)
		}
		return stored, nil
	}
	var r io.Reader
	switch s.d.Compression {
	case Gzip:
		z, err := gzip.NewReader(stored)
		if err != nil {
			return nil, s.broken(packedError(Gzip, err), cut{})
		}
		r = z
	case Zstd:
		z, err := zstd.NewReader(stored, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return nil, s.broken(packedError(Zstd, err), cut{})
		}
		s.unpacker = z.Close
		r = z
	}
	unpacked := bufio.NewReaderSize(&guard{s: s, stored: stored, r: r}, 64<<10)
	// An error comes again with the reading.
	inner, _ := unpacked.Peek(512)
	kind := formatOf(inner)
	if again := compression(inner); again != "" {
		kind = again + " data"
	}
	if kind != "" {
		return nil, s.notText(kind + " inside " + s.d.Compression)
	}
	return unpacked, nil
}

// compression knows gzip by RFC 1952 §2.3.1 and zstd by RFC 8878 §3.1, skippable frames included.
func compression(b []byte) string {
	switch {
	case len(b) >= 3 && b[0] == 0x1f && b[1] == 0x8b && b[2] == 8:
		return Gzip
	case len(b) >= 4 && b[0] == 0x28 && b[1] == 0xb5 && b[2] == 0x2f && b[3] == 0xfd,
		len(b) >= 4 && b[0]&0xf0 == 0x50 && b[1] == 0x2a && b[2] == 0x4d && b[3] == 0x18:
		return Zstd
	}
	return ""
}

// guard reads packed data, tells bombs, and puts its errors in words.
type guard struct {
	s      *Source
	stored *bufio.Reader // what r unpacks
	r      io.Reader
	n      int64
}

func (g *guard) Read(b []byte) (int, error) {
	n, err := g.r.Read(b)
	g.n += int64(n)
	if g.n > g.s.o.MaxExpanded {
		if stored := g.s.stored.n.Load() - int64(g.stored.Buffered()); g.n/max(stored, 1) > int64(g.s.o.MaxRatio) {
			return n, &bomb{decoded: g.n, stored: stored}
		}
	}
	if err != nil && err != io.EOF {
		err = packedError(g.s.d.Compression, err)
	}
	return n, err
}

// packed is a fault of compressed data.
type packed struct {
	what string // "the gzip data ends too early"
	err  error
}

func (p *packed) Error() string { return p.what }
func (p *packed) Unwrap() error { return p.err }

func packedError(kind string, err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF:
		return &packed{"the " + kind + " data ends too early", err}
	case errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return &packed{"the zstd data needs more than " + size(maxZstdWindow) + " of memory to unpack", err}
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), isCorrupt(err):
		return &packed{"the " + kind + " data is damaged", err}
	}
	return err
}

// isCorrupt tells faults of the data from faults of the reading: the latter carry a path or a system call.
func isCorrupt(err error) bool {
	var sys interface{ Timeout() bool }
	return !errors.As(err, &sys)
}

// bomb is compressed data that grows beyond all measure.
type bomb struct{ decoded, stored int64 }

func (b *bomb) Error() string {
	return fmt.Sprintf("%s of stored data unpack to more than %s", size(b.stored), size(b.decoded))
}

func (s *Source) notText(kind string) error {
	return &engine.Error{
		Kind:  engine.Failed,
		What:  "this is " + kind + ", not delimited text",
		Where: s.o.Name,
		Next:  "give a CSV file, plain or packed with gzip or zstd",
	}
}

// formats are files that people take for CSV, or that end in .csv by mistake, by their first bytes.
var formats = []struct{ magic, name string }{
	{"\x89PNG\r\n\x1a\n", "a PNG image"},
	{"\xff\xd8\xff", "a JPEG image"},
	{"GIF87a", "a GIF image"},
	{"GIF89a", "a GIF image"},
	{"\x7fELF", "an ELF program"},
	{"\xcf\xfa\xed\xfe", "a Mach-O program"},
	{"\xca\xfe\xba\xbe", "a Mach-O program or a Java class"},
	{"PK\x03\x04", "a zip archive (an Excel workbook is one too)"},
	{"PK\x05\x06", "an empty zip archive"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook or Word document"},
	{"%PDF-", "a PDF document"},
	{"SQLite format 3\x00", "an SQLite database"},
	{"ARROW1\x00\x00", "an Arrow file"},
	{"Obj\x01", "an Avro file"},
	{"\xfd7zXZ\x00", "xz data"},
	{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"},
	{"Rar!\x1a\x07", "a RAR archive"},
	{"\x04\x22\x4d\x18", "lz4 data"},
	{"PGDMP\x05", "a dump of pg_dump"},
	{"PGDMP\x01", "a dump of pg_dump"},
	{"PGCOPY\n\xff\r\n\x00", "a binary COPY file of PostgreSQL"},
	{"{\\rtf", "an RTF document"},
}

// formatOf names the format that b begins, or gives "" when it may be text.
func formatOf(b []byte) string {
	for _, f := range formats {
		if bytes.HasPrefix(b, []byte(f.magic)) {
			return f.name
		}
	}
	switch {
	case bytes.HasPrefix(b, []byte("PAR1")) && len(b) > 4 && (b[4] < '\t' || b[4] > '\r' && b[4] < ' '):
		return "a Parquet file"
	case bytes.HasPrefix(b, []byte("BZh")) && len(b) >= 10 && string(b[4:10]) == "1AY&SY":
		return "bzip2 data"
	case bytes.HasPrefix(b, []byte("MZ")) && bytes.IndexByte(b[:min(len(b), 64)], 0) >= 0:
		return "a Windows program"
	case len(b) >= 262 && string(b[257:262]) == "ustar":
		return "a tar archive"
	case htmlStart(b):
		return "an HTML page"
	}
	return ""
}

func htmlStart(b []byte) bool {
	b = bytes.ToLower(bytes.TrimSpace(b[:min(len(b), 64)]))
	return bytes.HasPrefix(b, []byte("<!doctype html")) || bytes.HasPrefix(b, []byte("<html"))
}
