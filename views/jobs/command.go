package jobs

import (
	"strings"

	"pipewright/engine"
)

// Command is the command line that does what a request does. Empty when there is none.
func Command(r engine.Request) string {
	switch r := r.(type) {
	case engine.LoadCSV:
		return loadCommand(r)
	case engine.RunQuery:
		parts := []string{"pipewright", "query", quote(strings.TrimSpace(r.SQL))}
		if r.Backend != "" && r.Backend != engine.Postgres {
			parts = append(parts, "--backend", string(r.Backend))
		}
		if r.Export != nil {
			parts = append(parts, "--out", quote(r.Export.Path))
		}
		return strings.Join(parts, " ")
	case engine.Check:
		return "pipewright check " + r.Session
	case engine.StartBackend:
		return onBackend("start", r.Backend)
	case engine.StopBackend:
		return onBackend("stop", r.Backend)
	case engine.ResetBackend:
		return onBackend("reset", r.Backend)
	case engine.Diagnose:
		return "pipewright doctor"
	}
	return ""
}

func loadCommand(r engine.LoadCSV) string {
	parts := []string{"pipewright", "load", quote(r.Path), "--table", quote(r.Table)}
	for _, f := range []struct{ flag, value, usual string }{
		{"--schema", r.Schema, r.Table}, {"--backend", string(r.Backend), string(engine.Postgres)},
		{"--mode", string(r.Mode), string(engine.Append)}, {"--quarantine", r.Quarantine, ""},
	} {
		if f.value != "" && f.value != f.usual {
			parts = append(parts, f.flag, quote(f.value))
		}
	}
	if r.Again {
		parts = append(parts, "--again")
	}
	return strings.Join(parts, " ")
}

// onBackend is a command of db, which knows PostgreSQL alone: DuckDB runs in the process that asks it.
func onBackend(verb string, b engine.Backend) string {
	if b != engine.Postgres {
		return ""
	}
	return "pipewright db " + verb
}

// quote makes one word of s for a POSIX shell. In single quotes nothing but the quote itself has a meaning.
func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
