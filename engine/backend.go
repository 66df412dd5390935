package engine

// Backend names a real component that the engine drives.
type Backend string

// The backends of load and query.
const (
	Postgres Backend = "postgres"
	DuckDB   Backend = "duckdb"
)

// BackendState is where a backend is in its life.
type BackendState string

// The states of a backend. The header shows them by sign and word.
const (
	StateUnknown  BackendState = "unknown"  // nobody has asked for it yet
	StateStarting BackendState = "starting" // being downloaded, unpacked, initialised or started
	StateUp       BackendState = "up"       // answers queries
	StateDown     BackendState = "down"     // known, and not running
	StateFailed   BackendState = "failed"   // tried, and could not: Sentence and Fix say why and what to do
	StateMissing  BackendState = "missing"  // not installed here
)

// BackendStatus is what is known of one backend at one moment.
type BackendStatus struct {
	Name     Backend
	State    BackendState
	Version  string // as the server prints it, e.g. "18.3"
	Sentence string // one sentence for people: what it is doing or why it cannot
	Fix      string // how to mend it, or empty
	Path     string // where its binaries are
	DataDir  string // where its data is
	Port     int    // 0 when it has none
	Settings []Setting
	Progress *Progress // while starting: download, unpack, initdb
}

// Setting is one effective setting of a backend.
type Setting struct{ Name, Value, Source string }
