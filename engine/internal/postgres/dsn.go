//go:build unix

package postgres

import (
	"context"
	"errors"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"pipewright/engine"
)

const mask = "****"

var (
	// The user part of an address ends at its last @, since a password may hold one.
	userPart  = regexp.MustCompile(`(?s)^([A-Za-z][A-Za-z0-9+.-]*://)([^:@/?]*):(.*)@`)
	inQuery   = regexp.MustCompile(`(?i)([?&][^=&#]*password=)[^&#]*`)
	inKeyword = regexp.MustCompile(`(?is)(^|\s)([a-z]*password\s*=\s*)('(?:[^'\\]|\\.)*'?|(?:[^\s\\]|\\.)*)`)
)

// Masked is an address with its passwords replaced: for people's eyes and for logs.
func Masked(dsn string) string {
	if strings.Contains(dsn, "://") {
		head, query, has := strings.Cut(dsn, "?")
		// A ? or / in a password that nobody encoded: mask up to the last @ of the whole.
		if at := strings.LastIndex(dsn, "@"); has && at > len(head) {
			head, query, has = dsn, "", false
		}
		head = userPart.ReplaceAllString(head, "${1}${2}:"+mask+"@")
		if has {
			head += inQuery.ReplaceAllString("?"+query, "${1}"+mask)
		}
		return head
	}
	return inKeyword.ReplaceAllString(dsn, "${1}${2}"+mask)
}

// parseDSN reads an address that was given. A missing database means crm_dev.
func parseDSN(dsn string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		// Its text may hold the password: say what is wrong without it.
		return nil, &engine.Error{
			Kind: engine.Usage, Where: Masked(dsn), What: "this is no address of a PostgreSQL server" + parseHint(dsn, err),
			Next: "write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE",
		}
	}
	if !namesDatabase(dsn) {
		config.Database = Database
	}
	return config, nil
}

// parseHint names the part of an address that does not parse, where that can be told without a secret.
func parseHint(dsn string, err error) string {
	var bad *url.Error
	text := err.Error()
	switch {
	case strings.Contains(text, "invalid port"):
		return ": the port is no number from 1 to 65535 (a / # ? or @ in the password is written %2F %23 %3F %40)"
	case errors.As(err, &bad) && strings.Contains(text, "invalid userinfo"):
		return ": the password holds a character that must be written as %XX"
	case strings.Contains(text, "sslmode"):
		return ": sslmode is disable, allow, prefer, require, verify-ca or verify-full"
	case strings.Contains(text, "definition of service"):
		return ": there is no service of that name in the service file"
	}
	return ""
}

// namesDatabase says whether an address, or the environment that completes it, names a database.
func namesDatabase(dsn string) bool {
	if os.Getenv("PGDATABASE") != "" {
		return true
	}
	if strings.Contains(dsn, "://") {
		u, err := url.Parse(dsn)
		return err != nil || strings.Trim(u.Path, "/") != "" || u.Query().Has("dbname") || u.Query().Has("service")
	}
	return regexp.MustCompile(`(^|\s)(dbname|service)\s*=`).MatchString(dsn)
}

// where is an address for people: host, port and database.
func where(c *pgx.ConnConfig) string {
	host := c.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(int(c.Port)) + "/" + c.Database
}

// dialLimit is how long a connection may take when nothing else limits it.
const dialLimit = 10 * time.Second

// attach connects to the server that was given.
func (s *Server) attach(ctx context.Context) error {
	config, err := parseDSN(s.o.DSN)
	if err != nil {
		return err
	}
	s.say("connect", "Connecting to PostgreSQL at "+where(config)+" …")
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = dialLimit
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		if ctx.Err() != nil {
			return notWaited(ctx)
		}
		return refused(where(config), err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	version := shortVersion(conn.PgConn().ParameterStatus("server_version"))
	if err := s.connectTo(config); err != nil {
		return err
	}
	s.update(func(b *engine.BackendStatus) {
		b.State, b.Version, b.Port, b.Progress, b.Fix = engine.StateUp, version, int(config.Port), nil, ""
		b.Sentence = "PostgreSQL " + version + " at " + where(config) + ", as given."
	})
	return nil
}

// shortVersion is "15.14" of "15.14 (Debian 15.14-0)".
func shortVersion(text string) string {
	first, _, _ := strings.Cut(text, " ")
	return first
}
