package tui

import (
	"encoding/json"
	"os"
	"path/filepath"

	"pipewright/engine"
	"pipewright/tui/keys"
	"pipewright/tui/theme"
)

// memory is what the shell keeps from one run to the next, in .pipewright/shell.json.
type memory struct {
	Session string                         `json:"session,omitempty"`
	Focus   keys.Place                     `json:"focus,omitempty"`
	Zoom    bool                           `json:"zoom,omitempty"`
	Below   keys.Place                     `json:"below,omitempty"` // what stands under the lesson
	Theme   theme.Name                     `json:"theme,omitempty"` // what the terminal turned out to be last time
	Panes   map[keys.Place]json.RawMessage `json:"panes,omitempty"`
}

func memoryPath(ws engine.Workspace) string { return filepath.Join(ws.State(), "shell.json") }

// recall reads the memory. A file that is missing or broken is an empty memory: it holds nothing that
// is worth a question.
func recall(ws engine.Workspace) memory {
	var m memory
	data, err := os.ReadFile(memoryPath(ws))
	if err != nil || json.Unmarshal(data, &m) != nil {
		return memory{}
	}
	return m
}

// keep writes the memory beside its place and renames it.
func keep(ws engine.Workspace, m memory) error {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(ws.State(), ".shell-*.json")
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), memoryPath(ws))
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
