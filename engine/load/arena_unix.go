//go:build unix

package load

import (
	"syscall"
	"unsafe"
)

// newArena gives words of zero outside the collector's heap, which would else keep as much again in reserve.
// free gives them back; they must not be used afterwards.
func newArena(words int) (arena []uint64, free func()) {
	b, err := syscall.Mmap(-1, 0, words*8, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return make([]uint64, words), func() {}
	}
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(b))), words), func() {
		_ = syscall.Munmap(b) // it came from Mmap
	}
}
