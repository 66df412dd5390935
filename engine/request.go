package engine

// Request is what the engine can be asked. It is sealed: every request is a type of this package, and
// carries plain data, so that a pane and a command can build the same one.
type Request interface {
	// Title says in a few words what the request does, for the job list.
	Title() string
	request()
}

// Mode says what a load does to rows that are already in the table.
type Mode string

// The modes of a load.
const (
	Append  Mode = "append"  // keep them; a row whose key is already there is a duplicate
	Replace Mode = "replace" // remove them in the same transaction
	Upsert  Mode = "upsert"  // keep them; a row whose key is already there updates it
)

// LoadCSV loads one delimited file into one table.
type LoadCSV struct {
	Path       string // a file or FIFO; "-" is standard input
	Table      string // "leads" or "schema.leads"
	Schema     string // name of a known schema, or "infer"
	Backend    Backend
	Mode       Mode
	Quarantine string // CSV file for rejected rows; empty means beside the workspace's reports
	Again      bool   // load a file into a keyless table although that very file is already there
}

// Title implements Request.
func (r LoadCSV) Title() string { return "load " + r.Path + " → " + r.Table }

// RunQuery runs one or more statements on one backend.
type RunQuery struct {
	SQL     string
	Backend Backend
	Limit   int64 // rows delivered per result; 0 means all
	Export  *Export
	// Scroll keeps the last result open instead of delivering its rows: it comes as a ResultOpen, of which
	// any part can be looked at until it is closed.
	Scroll bool
}

// Title implements Request.
func (r RunQuery) Title() string { return "query on " + string(r.Backend) }

// ExportFormat is the form in which a result is written to a file.
type ExportFormat string

// The export formats.
const (
	FormatCSV       ExportFormat = "csv"
	FormatJSONLines ExportFormat = "jsonl"
	FormatParquet   ExportFormat = "parquet"
)

// Export asks for a result to be written to a file instead of being delivered as rows. The file is
// written beside its place and renamed, so that a half-written one is never seen.
type Export struct {
	Format ExportFormat
	Path   string
}

// Check evaluates criteria. Each gives one Evidence event, in the order of the criteria.
type Check struct {
	Session  string
	Criteria []Criterion
	// Loads are the recorded results of the session's labs, by lab id: what the criterion kind "load"
	// looks at.
	Loads map[string]Loaded
}

// Title implements Request.
func (r Check) Title() string { return "check " + r.Session }

// StartBackend brings a backend up, or adopts the one that runs.
type StartBackend struct{ Backend Backend }

// Title implements Request.
func (r StartBackend) Title() string { return "start " + string(r.Backend) }

// StopBackend stops the workspace's own backend. It never stops one that was given by a DSN.
type StopBackend struct{ Backend Backend }

// Title implements Request.
func (r StopBackend) Title() string { return "stop " + string(r.Backend) }

// ResetBackend deletes the workspace's own data on a backend and starts it empty. Confirmed must be
// true: the front end has asked the person.
type ResetBackend struct {
	Backend   Backend
	Confirmed bool
}

// Title implements Request.
func (r ResetBackend) Title() string { return "reset " + string(r.Backend) }

// Diagnose looks at every backend. It gives one Diagnosis event.
type Diagnose struct{}

// Title implements Request.
func (r Diagnose) Title() string { return "doctor" }

func (LoadCSV) request()      {}
func (RunQuery) request()     {}
func (Check) request()        {}
func (StartBackend) request() {}
func (StopBackend) request()  {}
func (ResetBackend) request() {}
func (Diagnose) request()     {}
