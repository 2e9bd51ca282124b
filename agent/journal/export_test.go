package journal

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// LimitPages lets the database file have at most n pages more than now: SQLite then reports a full disk by itself.
func LimitPages(j *Journal, more int) error {
	j.writeMu.Lock()
	defer j.writeMu.Unlock()
	var pages int
	if err := j.conn.QueryRowContext(context.Background(), "PRAGMA page_count").Scan(&pages); err != nil {
		return err
	}
	var limit int
	return j.conn.QueryRowContext(context.Background(), pragma("max_page_count", pages+more)).Scan(&limit)
}

// UnlimitPages takes the limit away.
func UnlimitPages(j *Journal) error {
	j.writeMu.Lock()
	defer j.writeMu.Unlock()
	var limit int
	return j.conn.QueryRowContext(context.Background(), pragma("max_page_count", 1<<30)).Scan(&limit)
}

// Break makes the next write fail in the middle, as a failing disk does.
func Break(j *Journal) error {
	j.writeMu.Lock()
	defer j.writeMu.Unlock()
	_, err := j.conn.ExecContext(context.Background(),
		"CREATE TEMP TRIGGER broken BEFORE INSERT ON main.head BEGIN SELECT raise(ABORT, 'broken'); END")
	return err
}

// BreakIntents does it for the entering of idempotency keys.
func BreakIntents(j *Journal) error {
	j.writeMu.Lock()
	defer j.writeMu.Unlock()
	_, err := j.conn.ExecContext(context.Background(),
		"CREATE TEMP TRIGGER broken BEFORE INSERT ON main.intent BEGIN SELECT raise(ABORT, 'broken'); END")
	return err
}

// EnterBehind does at once what Run does when the till is idle.
func EnterBehind(j *Journal) { j.enterBehind(context.Background(), unenteredBehind) }

// Unentered is how many idempotency keys are in memory only.
func Unentered(j *Journal) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.intents.order)
}

// Tick does at once what Run does every ten seconds.
func Tick(j *Journal) { j.tick(context.Background()) }

// CheckpointBeside does at once what Run does when the till is idle.
func CheckpointBeside(ctx context.Context, j *Journal) { j.checkpointBeside(ctx) }

// VerifyBehind does at once what Run does after a while.
func VerifyBehind(ctx context.Context, j *Journal) { j.verifyBehind(ctx) }

func pragma(name string, value int) string {
	digits := []byte{}
	for ; value > 0; value /= 10 {
		digits = append([]byte{byte('0' + value%10)}, digits...)
	}
	return "PRAGMA " + name + " = " + string(digits)
}

// Bounds of what is kept in memory.
const (
	UnenteredMax  = unenteredMax
	RecentRecords = recentRecords
	RecentBytes   = recentBytes
)

// Recent says how many bytes of records are in memory.
func Recent(j *Journal) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.recent.bytes
}

// DirectoryEnd is the last sale in the directory.
func DirectoryEnd(t *testing.T, j *Journal) int64 {
	end, err := readDirectoryEnd(context.Background(), j.reader)
	require.NoError(t, err)
	return end
}

// LoggedPages empties the log and returns how many pages were in it.
func LoggedPages(t *testing.T, j *Journal) int {
	j.writeMu.Lock()
	defer j.writeMu.Unlock()
	var busy, logged, copied int
	require.NoError(t, j.conn.QueryRowContext(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &logged, &copied))
	require.Equal(t, logged, copied)
	return logged
}

// Schema is what checkSchema goes by, a line an object.
func Schema() (lines []string) {
	for _, o := range schema() {
		lines = append(lines, o.kind+" "+o.name+" "+o.digest)
	}
	return lines
}

// SchemaOf is what a journal's schema should say, as its database has it.
func SchemaOf(t *testing.T, j *Journal) (lines []string) {
	there, err := readSchema(context.Background(), j.reader)
	require.NoError(t, err)
	for _, f := range there {
		lines = append(lines, f.kind+" "+f.name+" "+schemaDigest(f.text))
	}
	return lines
}
