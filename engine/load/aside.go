package load

import (
	"bufio"
	"encoding/binary"
	"io"
	"os"
)

// aside keeps rejects and suspects in the order of the file until it is known what the suspects are.
type aside struct {
	tmp *scratch
	f   *os.File
	w   *bufio.Writer
	buf []byte
}

// open says whether anything has been put aside.
func (a *aside) open() bool { return a.f != nil }

// put keeps a reject, or with isSuspect a row whose key has the hash h.
func (a *aside) put(r *reject, isSuspect bool, h hash) error {
	if a.f == nil {
		f, err := a.tmp.create()
		if err != nil {
			return err
		}
		a.f, a.w = f, bufio.NewWriterSize(f, 64<<10)
	}
	b := append(a.buf[:0], 0)
	if isSuspect {
		b[0] = 1
	}
	b = binary.LittleEndian.AppendUint64(b, h.hi)
	b = binary.LittleEndian.AppendUint64(b, h.lo)
	b = binary.LittleEndian.AppendUint64(b, uint64(r.row))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.line))
	for _, text := range [...]string{r.column, r.reason, textOf(r.value), textOf(r.record)} {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
		b = append(b, text...)
	}
	a.buf = b
	_, err := a.w.Write(b)
	return err
}

// each gives back what was put, in order. The reject is valid during the call.
func (a *aside) each(visit func(r *reject, isSuspect bool, h hash) error) error {
	if err := a.w.Flush(); err != nil {
		return err
	}
	if _, err := a.f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	rd := bufio.NewReaderSize(a.f, 64<<10)
	var head [33]byte
	var texts [4][]byte
	for {
		if _, err := io.ReadFull(rd, head[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		h := hash{binary.LittleEndian.Uint64(head[1:]), binary.LittleEndian.Uint64(head[9:])}
		r := reject{
			row:  int64(binary.LittleEndian.Uint64(head[17:])),
			line: int64(binary.LittleEndian.Uint64(head[25:])),
		}
		for i := range texts {
			var size [4]byte
			if _, err := io.ReadFull(rd, size[:]); err != nil {
				return err
			}
			n := int(binary.LittleEndian.Uint32(size[:]))
			if cap(texts[i]) < n {
				texts[i] = make([]byte, n)
			}
			texts[i] = texts[i][:n]
			if _, err := io.ReadFull(rd, texts[i]); err != nil {
				return err
			}
		}
		r.column, r.reason, r.value, r.record = string(texts[0]), string(texts[1]), texts[2], texts[3]
		if err := visit(&r, head[0] == 1, h); err != nil {
			return err
		}
	}
}
