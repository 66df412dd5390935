package engine

import "path/filepath"

// Workspace is the learner's folder. Its methods name places; they touch nothing.
type Workspace struct{ Dir string }

// State is the folder of Pipewright's own files.
func (w Workspace) State() string { return filepath.Join(w.Dir, ".pipewright") }

// Journal is the append-only record of progress.
func (w Workspace) Journal() string { return filepath.Join(w.State(), "journal.jsonl") }

// Postgres is the folder of the workspace's cluster, or of the pointer to it.
func (w Workspace) Postgres() string { return filepath.Join(w.State(), "postgres") }

// DuckDB is the workspace's one DuckDB file.
func (w Workspace) DuckDB() string { return filepath.Join(w.State(), "crm_dev.duckdb") }

// Log is where the workbench writes what it did.
func (w Workspace) Log() string { return filepath.Join(w.State(), "pipewright.log") }

// Env is the file from which the learner's own programs read their connection.
func (w Workspace) Env() string { return filepath.Join(w.Dir, ".env") }

// Data is the folder of input files.
func (w Workspace) Data() string { return filepath.Join(w.Dir, "data") }

// Reports is the folder of what runs leave behind: quarantine files, exports.
func (w Workspace) Reports() string { return filepath.Join(w.Dir, "reports") }

// Progress is the checklist for people and git.
func (w Workspace) Progress() string { return filepath.Join(w.Dir, "PROGRESS.md") }
