package journal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ErrForeignSchema: somebody has put a trigger, a view or a unique index into the journal's database, or has changed a table
// or index of ours. A trigger can take away a record while it is written, and everything else still looks right.
var ErrForeignSchema = errors.New("the database's schema is not the journal's own")

// What can be wrong with the schema.
var (
	errNotThere      = fmt.Errorf("%w: there is no", errCut)
	errSchemaChanged = fmt.Errorf("%w: somebody has changed the", ErrForeignSchema)
	errSchemaAdded   = fmt.Errorf("%w: somebody has added the", ErrForeignSchema)
)

// schemaObject is a table or an index as the migrations make it.
type schemaObject struct{ kind, name, digest string }

// schema is all that the migrations make. A digest is of the text that SQLite keeps, spaces and lines aside; a test holds
// them against the migrations.
func schema() []schemaObject {
	return []schemaObject{
		{"table", "directory", "e22df7a1d7879e31"},
		{"table", "directory_end", "f3c02d4521feef14"},
		{"table", "follow_up", "f52eaad10a6f09c5"},
		{"table", "head", "225acd1f95c5fa66"},
		{"table", "intent", "e48496809b237ffd"},
		{"table", "intent_end", "049046fe5da6884b"},
		{"table", "landmark", "05ea957e9c61c3f0"},
		{"table", "lost", "ae732a071188c519"},
		{"table", "owner", "84d8406337e670fc"},
		{"table", "record", "25183c0e5e827f12"},
		{"table", "sale", "5363f5e4b4521ba9"},
		{"index", "follow_up_open", "f811503a926d578c"},
		{"index", "follow_up_order", "c70eaccaee8f1c67"},
		{"index", "sale_open", "c2f5711c97846157"},
	}
}

// schemaDigest is what schema has of a text.
func schemaDigest(text string) string {
	const size = 8
	sum := sha256.Sum256([]byte(strings.Join(strings.Fields(text), " ")))
	return hex.EncodeToString(sum[:size])
}

// found is an object as the database has it.
type found struct{ kind, name, text string }

// schemaMax bounds the objects that are looked at; ours are fewer than twenty.
const schemaMax = 256

// checkSchema returns *DamagedError when an object of ours is missing or another than it was, and one with ErrForeignSchema
// for what others have added and may change what is written or keep it from being written. Their tables and plain indexes
// do neither: it returns their names. What SQLite adds by itself, such as an ANALYZE's statistics, is passed over.
func (j *Journal) checkSchema(ctx context.Context, db querier) (foreign []string, err error) {
	there, err := readSchema(ctx, db)
	if err != nil {
		return nil, err
	}
	damaged := func(cause error, kind, name string) error {
		return &DamagedError{Path: j.config.Path, Cause: fmt.Errorf("%w %s %s", cause, kind, name)}
	}
	for _, ours := range schema() {
		at := slices.IndexFunc(there, func(f found) bool { return f.name == ours.name })
		switch {
		case at < 0:
			return nil, damaged(errNotThere, ours.kind, ours.name)
		case there[at].kind != ours.kind || schemaDigest(there[at].text) != ours.digest:
			return nil, damaged(errSchemaChanged, ours.kind, ours.name)
		}
		there = slices.Delete(there, at, at+1)
	}
	for _, other := range there {
		if mayInterfere(other) {
			return nil, damaged(errSchemaAdded, other.kind, strconv.Quote(other.name))
		}
		foreign = append(foreign, other.name)
	}
	return foreign, nil
}

// sameSchema checks the schema again when somebody has changed it since: SQLite itself would go by the new one in the commit
// that is about to be made. writeMu is held, and a transaction is under way.
func (j *Journal) sameSchema(ctx context.Context) error {
	var cookie int64
	if err := j.prepared.cookie.QueryRowContext(ctx).Scan(&cookie); err != nil {
		return fmt.Errorf("read schema's version: %w", err)
	}
	if cookie == j.cookie {
		return nil
	}
	if _, err := j.checkSchema(ctx, j.conn); err != nil {
		return err
	}
	j.cookie = cookie
	return nil
}

// mayInterfere says whether an object of others may change or refuse what is written.
func mayInterfere(f found) bool {
	return f.kind != "table" && (f.kind != "index" || strings.HasPrefix(strings.ToUpper(f.text), "CREATE UNIQUE"))
}

func readSchema(ctx context.Context, db querier) (all []found, err error) {
	const query = "SELECT type, name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name LIMIT ?"
	rows, err := db.QueryContext(ctx, query, schemaMax)
	if err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var f found
		if err := rows.Scan(&f.kind, &f.name, &f.text); err != nil {
			return nil, fmt.Errorf("read schema: %w", err)
		}
		all = append(all, f)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	return all, nil
}
