// Package postgres is the adapter to PostgreSQL: it finds, downloads, initialises, starts, adopts,
// watches, stops and resets the workspace's own server, or attaches to one given by its address, and
// carries loads and queries to it.
//
// # Whose server
//
// An address that was given (a flag or DATABASE_URL) is used as it is: such a server is never
// configured, stopped or reset. Otherwise the workspace has a private cluster, made by the binaries
// found on this machine or downloaded once into the user's cache. It listens on 127.0.0.1 alone, on a
// port of its own that is never 5432, takes passwords by SCRAM-SHA-256, and runs as a process of its
// own that outlives us: the next start adopts it, a second process attaches to it. Two starts at once
// are kept apart by a lock on the workspace.
//
// # Where things are
//
// WORKSPACE/.pipewright/postgres holds the file cluster.json (where the data is, the port), the
// password, the lock, and, unless we are root, the data folder and the log. PostgreSQL does not run as
// root: then its data is where the account postgres, or nobody, can reach it, and cluster.json says
// where. WORKSPACE/.env gives the learner's own programs the same connection.
//
// A data folder is only ever started by a server of the major version that made it, and only Reset
// deletes one.
//
// # Settings
//
// They are in pipewright.conf in the data folder, included at the end of postgresql.conf; lines below
// the include win, and so does ALTER SYSTEM. fsync, full_page_writes and synchronous_commit are on.
// wal_level is minimal, so that a COPY into a table created or truncated in the same transaction skips
// the write-ahead log (PostgreSQL's manual, "Populating a Database", 14.4.7).
package postgres
