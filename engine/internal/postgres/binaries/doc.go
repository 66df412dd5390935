// Package binaries finds PostgreSQL's server binaries on this machine, and brings them when there are
// none: one archive of fergusstrange/embedded-postgres's repository, fetched into a cache, checked
// against a known digest and unpacked. It never touches a data folder.
package binaries
