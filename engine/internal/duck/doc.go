// Package duck is the adapter to DuckDB, which runs inside this process on one file a workspace.
//
// DuckDB locks its file for one process at a time, and a workbench that stays open all day must not keep
// the command line out. So [Database] opens the file when somebody needs it, counts who does, and lets
// it go a moment after the last one has finished.
package duck
