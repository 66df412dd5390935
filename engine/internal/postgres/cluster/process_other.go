//go:build unix && !linux

package cluster

import (
	"os/exec"
	"strconv"
	"strings"
)

// lifeOf asks ps for the process's state and command line.
func lifeOf(pid int, data string) Life {
	out, err := exec.Command("ps", "-o", "state=,command=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		if !exists(pid) {
			return Dead
		}
		return Unclear
	}
	state, command, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if strings.HasPrefix(state, "Z") {
		return Dead
	}
	command = strings.TrimSpace(command)
	if servesData(strings.Fields(command), data) || strings.Contains(command, "-D "+data) {
		return Running
	}
	return Reused
}
