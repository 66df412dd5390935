package engine

// LoadPlan is what a load asks of its sink before the first row.
type LoadPlan struct {
	Spec    TableSpec // the table as the schema has it; it is made so when it is not there
	Columns []string  // the columns that each row carries, in the order of its datums
	Mode    Mode
	Bytes   int64  // decoded size of the source, as far as it is known; 0 when it is not
	Source  string // the path that was given
	// Digest is the SHA-256 of the source's decoded bytes, hex, for a table without a key: the only way
	// to know that this very file is in it already. Empty otherwise.
	Digest string
}

// LoadTarget is the table that a sink opened, inside the transaction of the load.
type LoadTarget struct {
	Name     string       // qualified, as the backend prints it
	Created  bool         // it was not there before
	Columns  []ColumnSpec // the plan's columns, with the types and lengths that the table has
	Defaults []Datum      // what an empty cell of the plan's columns becomes; NULL when there is no default
	Rows     int64        // rows that stay in it, exact only as to being zero
	// Key, when the plan has none, is that of a primary key or unique constraint of the table whose columns
	// the plan has: then a duplicate is known by it, compared exactly.
	Key []string
	// Known is the number of rows that the ledger says this very file has put there; 0 when it has not.
	Known int64
	Notes []string // what a person should know of the way that was chosen
}

// LoadDone is what a sink reports when its transaction is committed.
type LoadDone struct {
	Inserted int64
	Updated  int64 // rows of the table that an upsert changed
	Notes    []string
}
