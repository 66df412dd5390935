//go:build unix

package cluster

import (
	"errors"
	"syscall"
)

// exists says whether a process of that number exists, whoever owns it.
func exists(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
