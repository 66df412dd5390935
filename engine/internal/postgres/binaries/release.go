package binaries

import (
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strings"

	embedded "github.com/fergusstrange/embedded-postgres"
)

// Release is one archive of server binaries: which version, for which platform, from where.
type Release struct {
	Version    string // "18.3.0"
	Platform   string // "linux-amd64"
	Repository string // base address, without a slash at its end
	SHA256     string // of the archive, hex; empty when it is only known to the repository
}

// known are the digests of the archives that the workbench downloads, as their publisher lists them. A
// mirror that serves anything else is refused.
var known = map[string]string{
	"18.3.0 linux-amd64":        "1974c3a59c3ae010e9818e81637e425aad94eaac26e4ef533b42e081fe7ca345",
	"18.3.0 linux-arm64v8":      "1fb555a6602c13a113ab1f0cc9224d599948e85e51ac5f001393605505eaf78e",
	"18.3.0 linux-amd64-alpine": "510fd314da39f1eeccef774a92428474168fedf55403342548e2adeaed66b483",
	"18.3.0 darwin-amd64":       "cb68c57232945f5e74db946e6077d70cec56bfed35959b21acc750cc80ca0977",
	"18.3.0 darwin-arm64v8":     "a18ec9ec6a905e04f5a08a8f7870bddadd635feb54dee332a3daf80fada3cb1a",
}

// RepositoryVariable names the environment variable that puts a mirror in place of the default
// repository.
const RepositoryVariable = "PIPEWRIGHT_POSTGRES_REPOSITORY"

// Default is the release for this machine: the newest version of the embedded-postgres library, from
// the repository that the library uses, or from the mirror that the environment names.
func Default() Release {
	r := Release{Version: string(embedded.V18), Platform: platform(runtime.GOOS, runtime.GOARCH, alpine())}
	r.Repository = strings.TrimRight(os.Getenv(RepositoryVariable), "/")
	if r.Repository == "" {
		// The library keeps its address to itself. Reading the field keeps one source for it; a test
		// says when the field has another name.
		field := reflect.ValueOf(embedded.DefaultConfig()).FieldByName("binaryRepositoryURL")
		if field.IsValid() && field.Kind() == reflect.String {
			r.Repository = strings.TrimRight(field.String(), "/")
		}
	}
	r.SHA256 = known[r.Version+" "+r.Platform]
	return r
}

// Major is the release's major version.
func (r Release) Major() int {
	_, major, err := ParseVersion("PostgreSQL " + r.Version)
	if err != nil {
		return 0
	}
	return major
}

// Name is the release's name in the cache.
func (r Release) Name() string { return "postgres-" + r.Version + "-" + r.Platform }

// URL is the archive's address: the layout of zonkyio/embedded-postgres-binaries, as the library uses it.
func (r Release) URL() string {
	artifact := "embedded-postgres-binaries-" + r.Platform
	return fmt.Sprintf("%s/io/zonky/test/postgres/%s/%s/%s-%s.jar", r.Repository, artifact, r.Version, artifact, r.Version)
}

// platform names a platform as zonkyio/embedded-postgres-binaries does (the library's version_strategy.go).
func platform(goos, goarch string, alpine bool) string {
	if goarch == "arm64" && (goos == "linux" || goos == "darwin") {
		goarch += "v8"
	}
	if goos == "linux" && alpine {
		goarch += "-alpine"
	}
	return goos + "-" + goarch
}

// alpine says whether this Linux has musl for its C library.
func alpine() bool {
	_, err := os.Stat("/etc/alpine-release")
	return err == nil
}
