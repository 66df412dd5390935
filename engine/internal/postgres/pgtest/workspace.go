//go:build unix

package pgtest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pipewright/engine"
	"pipewright/engine/internal/postgres/cluster"
)

// workspaceName is the workspace in its temporary folder.
const workspaceName = "workspace"

// Workspace makes an empty folder for a workspace whose PostgreSQL is started by the test, and stops that
// server when the test ends. As root it lies where the server's account can reach it, so that the data
// is inside of the workspace and goes with it; what a killed test process leaves is removed by the next.
func Workspace(t testing.TB) string {
	t.Helper()
	account, err := cluster.ServerAccount()
	if err != nil {
		t.Fatal(err)
	}
	dir, lock, err := folder(account)
	if err != nil {
		t.Fatal(err)
	}
	workspace := filepath.Join(dir, workspaceName)
	if err := os.Mkdir(workspace, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(workspace, 0o755); err != nil { // whatever the umask says
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := cluster.Stop(ctx, workspaceData(workspace), 10*time.Second); err != nil {
			t.Errorf("the workspace's server: %v", err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("the workspace: %v", err)
		}
		if err := lock.Close(); err != nil {
			t.Error(err)
		}
	})
	return workspace
}

// workspaceData is where a workspace's data folder is when it is inside of it.
func workspaceData(dir string) string {
	return filepath.Join(engine.Workspace{Dir: dir}.Postgres(), "data")
}
