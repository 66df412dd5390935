package load

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
	"os"
)

// dedupe knows every key that was seen, exactly, in memory that does not grow with the file.
//
// Up to about 1.5 million keys it is a hash table of (hash, row), and each answer is final. Past that the
// table's memory becomes a Bloom filter, and (hash, row) pairs go to 64 partition files: a key that the
// filter has not seen is new for certain; one that it may have seen is suspect, and settle finds out, one
// partition at a time, in which row it was first.
type dedupe struct {
	tmp   *scratch
	words []uint64 // slots of {hi, lo, row+1}, or the filter
	free  func()   // of words
	used  int
	full  int // slots in use at which the table gives up
	most  int // slots of the largest table
	bloom bool
	parts []partition
	err   error
}

const (
	slotWords  = 3
	partitions = 64
	pairSize   = 24
	partBuffer = 16 << 10
)

// mostSlots is the size of the largest table: 48 MiB. Tests make it smaller.
var mostSlots = 1 << 21

// seen is what is known of a key at once.
type seen uint8

const (
	fresh     seen = iota // never seen before
	duplicate             // seen in the row that is given
	suspect               // perhaps seen before: settle knows
)

type partition struct {
	w       *bufio.Writer
	f       *os.File
	suspect bool
	answers *bufio.Reader // 8 bytes a suspect, in order
}

// newDedupe makes a set for a source of about so many decoded bytes; 0 when that is unknown. Large sources
// get the whole table at once, so that memory is the same for 100,000 rows and for 10,000,000.
func newDedupe(tmp *scratch, size int64) *dedupe {
	slots := min(1<<10, mostSlots)
	if size >= 4<<20 {
		slots = mostSlots
	}
	d := &dedupe{tmp: tmp, most: mostSlots, free: func() {}}
	d.resize(slots)
	return d
}

func (d *dedupe) resize(slots int) {
	old, freeOld := d.words, d.free
	d.words, d.free = newArena(slots * slotWords)
	d.full = slots / 4 * 3
	for i := 0; i < len(old); i += slotWords {
		if old[i+2] != 0 {
			at := d.find(hash{old[i], old[i+1]})
			copy(d.words[at:at+slotWords], old[i:i+slotWords])
		}
	}
	freeOld()
}

// close gives the memory back.
func (d *dedupe) close() {
	d.words = nil
	d.free()
	d.free = func() {}
}

// find gives the place of the slot that holds h, or of the free one where it belongs.
func (d *dedupe) find(h hash) int {
	slots := len(d.words) / slotWords
	i := int(h.lo) & (slots - 1)
	for {
		w := d.words[i*slotWords : i*slotWords+slotWords : i*slotWords+slotWords]
		if w[2] == 0 || w[0] == h.hi && w[1] == h.lo {
			return i * slotWords
		}
		i = (i + 1) & (slots - 1)
	}
}

// add asks for the key of a data row, 1 or more, and remembers it. first is the row that had it before: 0
// means that it is in the table already.
func (d *dedupe) add(h hash, row int64) (s seen, first int64) {
	if d.bloom {
		if !d.mark(h) {
			d.pair(h, row, false)
			return fresh, 0
		}
		d.pair(h, row, true)
		return suspect, 0
	}
	at := d.find(h)
	if have := d.words[at+2]; have != 0 {
		return duplicate, int64(have - 1)
	}
	d.insert(at, h, row)
	return fresh, 0
}

// existing remembers the key of a row that is in the table already.
func (d *dedupe) existing(h hash) {
	if d.bloom {
		d.mark(h)
		d.pair(h, 0, false)
		return
	}
	if at := d.find(h); d.words[at+2] == 0 {
		d.insert(at, h, 0)
	}
}

func (d *dedupe) insert(at int, h hash, row int64) {
	d.words[at], d.words[at+1], d.words[at+2] = h.hi, h.lo, uint64(row)+1
	d.used++
	if d.used < d.full {
		return
	}
	if slots := len(d.words) / slotWords; slots < d.most {
		d.resize(min(slots*4, d.most))
		return
	}
	d.spill()
}

// spill turns the table into a filter over the same memory.
func (d *dedupe) spill() {
	d.bloom = true
	d.parts = make([]partition, partitions)
	for i := 0; i < len(d.words); i += slotWords {
		if d.words[i+2] != 0 {
			d.pair(hash{d.words[i], d.words[i+1]}, int64(d.words[i+2]-1), false)
		}
	}
	clear(d.words)
	buf := make([]byte, partBuffer/pairSize*pairSize)
	for i := range d.parts {
		d.err = errors.Join(d.err, d.parts[i].each(buf, func(h hash, _ int64, _ bool) error {
			d.mark(h)
			return nil
		}))
	}
}

// mark sets the key's six bits in one cache line, and says whether all were set before.
func (d *dedupe) mark(h hash) bool {
	blocks := uint64(len(d.words) / 8)
	block, _ := bits.Mul64(h.hi, blocks)
	line := d.words[block*8 : block*8+8 : block*8+8]
	all := true
	for x, n := h.lo, 0; n < 6; n++ {
		word, bit := x&7, uint64(1)<<(x>>3&63)
		all = all && line[word]&bit != 0
		line[word] |= bit
		x >>= 9
	}
	return all
}

func partOf(h hash) int { return int(h.lo >> 58) }

func (d *dedupe) pair(h hash, row int64, isSuspect bool) {
	p := &d.parts[partOf(h)]
	if p.w == nil {
		f, err := d.tmp.create()
		if err != nil {
			d.err = errors.Join(d.err, err)
			return
		}
		p.f, p.w = f, bufio.NewWriterSize(f, partBuffer)
	}
	var b [pairSize]byte
	binary.LittleEndian.PutUint64(b[0:], h.hi)
	binary.LittleEndian.PutUint64(b[8:], h.lo)
	v := uint64(row) << 1
	if isSuspect {
		v |= 1
		p.suspect = true
	}
	binary.LittleEndian.PutUint64(b[16:], v)
	if _, err := p.w.Write(b[:]); err != nil && d.err == nil {
		d.err = err
	}
}

// each reads the partition's pairs from the start and leaves its file at the end.
func (p *partition) each(buf []byte, visit func(h hash, row int64, isSuspect bool) error) error {
	if p.f == nil {
		return nil
	}
	if err := p.w.Flush(); err != nil {
		return err
	}
	if _, err := p.f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	for {
		n, err := io.ReadFull(p.f, buf)
		for b := buf[:n]; len(b) >= pairSize; b = b[pairSize:] {
			v := binary.LittleEndian.Uint64(b[16:])
			h := hash{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
			if err := visit(h, int64(v>>1), v&1 != 0); err != nil {
				return err
			}
		}
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return nil
		default:
			return err
		}
	}
}

// settle finds the first row of every suspect. Afterwards first gives the answers, in the order in which the
// suspects were added. stop is asked between partitions.
func (d *dedupe) settle(stop func() error) error {
	if d.err != nil || !d.bloom {
		return d.err
	}
	d.close() // the filter has done its work
	buf := make([]byte, partBuffer/pairSize*pairSize)
	for i := range d.parts {
		if err := stop(); err != nil {
			return err
		}
		if d.parts[i].suspect {
			if err := d.parts[i].settle(d.tmp, buf); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *partition) settle(tmp *scratch, buf []byte) error {
	firsts := make(map[hash]int64)
	if err := p.each(buf, func(h hash, row int64, isSuspect bool) error {
		if isSuspect {
			if have, ok := firsts[h]; !ok || row < have {
				firsts[h] = row
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if err := p.each(buf, func(h hash, row int64, _ bool) error {
		if have, ok := firsts[h]; ok && row < have {
			firsts[h] = row
		}
		return nil
	}); err != nil {
		return err
	}
	out, err := tmp.create()
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(out, partBuffer)
	if err := p.each(buf, func(h hash, _ int64, isSuspect bool) error {
		if !isSuspect {
			return nil
		}
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], uint64(firsts[h]))
		_, err := w.Write(b[:])
		return err
	}); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if _, err := out.Seek(0, io.SeekStart); err != nil {
		return err
	}
	p.answers = bufio.NewReaderSize(out, partBuffer)
	return nil
}

// first gives the row in which the key of the next suspect of its partition was first: its own row when it is
// new after all, 0 when the table has it.
func (d *dedupe) first(h hash) (int64, error) {
	var b [8]byte
	if _, err := io.ReadFull(d.parts[partOf(h)].answers, b[:]); err != nil {
		return 0, err
	}
	return int64(binary.LittleEndian.Uint64(b[:])), nil
}
