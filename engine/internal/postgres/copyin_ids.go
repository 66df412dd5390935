package postgres

import (
	"context"
	"strconv"

	"pipewright/engine"
)

// idRange counts the ids of a serial or identity column.
type idRange struct {
	column   string
	sequence string // quoted
	width    int    // bytes of an id
	next     int64
	step     int64
	max      int64
	last     int64 // the last one that was given out
	used     bool
}

// reserveIDs locks the sequence of the column that the database numbers, and finds out where it stands. The
// lock is got by ALTER SEQUENCE … INCREMENT with the value that it has: it changes nothing, keeps nextval of
// other sessions waiting, and a rollback undoes it.
func (s *LoadSink) reserveIDs(ctx context.Context) error {
	planned := map[string]bool{}
	for _, name := range s.plan.Columns {
		planned[name] = true
	}
	for _, c := range s.table.columns {
		if c.sequence == "" {
			continue
		}
		r := &idRange{column: c.spec.Name, sequence: c.sequence, width: 4}
		switch c.spec.Type {
		case engine.TypeInteger:
		case engine.TypeBigint:
			r.width = 8
		default:
			continue
		}
		rows, err := s.query(ctx, "select seqincrement, seqmax, seqstart from pg_sequence where seqrelid = $1::regclass", c.sequence)
		if err != nil {
			return err
		}
		if r.step = number(rows[0][0]); r.step <= 0 {
			continue // counts down: leave it to the database
		}
		r.max = number(rows[0][1])
		failed, err := s.try(ctx, "ALTER SEQUENCE "+c.sequence+" INCREMENT BY "+strconv.FormatInt(r.step, 10))
		if err != nil {
			return err
		}
		if failed != nil {
			continue // not ours to change: the database numbers the rows
		}
		at, err := s.query(ctx, "select last_value, is_called from "+c.sequence)
		if err != nil {
			return err
		}
		r.next = number(at[0][0])
		if string(at[0][1]) == "t" {
			r.next += r.step
		}
		if s.table.cleared {
			r.next = number(rows[0][2])
		}
		return s.settleIDs(ctx, r, &c, planned[c.spec.Name])
	}
	return nil
}

// settleIDs keeps the range. Ids that somebody wrote without the sequence are passed over where an index
// makes it cheap to see them. When the file has the ids, the sequence only has to follow them.
func (s *LoadSink) settleIDs(ctx context.Context, r *idRange, c *tableColumn, inFile bool) error {
	if inFile {
		r.used = true
		s.follow = r
		return nil
	}
	if c.spec.Primary && s.target.Rows > 0 {
		rows, err := s.query(ctx, "select max("+ident(r.column)+") from "+s.table.ident)
		if err != nil {
			return err
		}
		if highest := number(rows[0][0]); rows[0][0] != nil && highest >= r.next {
			r.next += (highest - r.next + r.step) / r.step * r.step
		}
	}
	s.ids = r
	return nil
}

// restartSequence lets the sequence go on after the last id.
func (s *LoadSink) restartSequence(ctx context.Context) error {
	r := s.ids
	if s.follow != nil {
		r = s.follow
		rows, err := s.query(ctx, "select max("+ident(r.column)+") from "+s.table.ident)
		if err != nil {
			return err
		}
		if rows[0][0] == nil || number(rows[0][0]) < r.next {
			return nil
		}
		r.next = number(rows[0][0]) + r.step
	}
	if r == nil {
		return nil
	}
	if r.next > r.max {
		// The last number is taken: RESTART cannot say so, and the next nextval must fail as it would.
		return s.exec(ctx, "ALTER SEQUENCE "+r.sequence+" RESTART WITH "+strconv.FormatInt(r.max, 10)+
			"; SELECT nextval("+literal(r.sequence)+")")
	}
	return s.exec(ctx, "ALTER SEQUENCE "+r.sequence+" RESTART WITH "+strconv.FormatInt(r.next, 10))
}

func number(b []byte) int64 {
	n, _ := strconv.ParseInt(string(b), 10, 64) // the catalogue has nothing else in these places
	return n
}
