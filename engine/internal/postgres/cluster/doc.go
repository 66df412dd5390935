// Package cluster runs one PostgreSQL server over one data folder: the account it runs as, its
// initialisation, its start as a process of its own, what its lock file says, and its stop. It knows
// nothing of workspaces, and deletes no data.
package cluster
