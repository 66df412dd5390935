package binaries

import (
	"errors"
	"os"
	"path/filepath"
)

// UserCache is the folder in which the user's downloaded binaries are kept: CACHE/pipewright in the
// system's own place for caches.
func UserCache() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	if !filepath.IsAbs(dir) {
		return "", errors.New("the cache folder is no absolute path")
	}
	return filepath.Join(dir, "pipewright"), nil
}

// SharedCaches are folders for binaries that another account than root must be able to run, in order
// of preference.
var SharedCaches = []string{"/var/cache/pipewright", "/var/lib/pipewright/cache", "/opt/pipewright/cache"}
