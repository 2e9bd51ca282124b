package journal

import "github.com/yuantill/yuantill/protocol/record"

// Bounds of what is kept in memory: what the next acknowledgement names and the next batch carries.
const (
	recentRecords = 64
	recentBytes   = 32 << 10
)

// recent is the end of the journal in memory, one sequence after another, so that the sale under way reads nothing
// back that it has just written. Its records are the committed bytes themselves and are never altered.
type recent struct {
	records []record.Record
	last    uint64 // sequence of the last
	bytes   int
}

// add takes the next committed record. After a leap in the sequence it begins anew.
func (r *recent) add(sequence uint64, bytes record.Record) {
	if len(r.records) > 0 && sequence != r.last+1 {
		*r = recent{}
	}
	r.records = append(r.records, bytes)
	r.last = sequence
	r.bytes += len(bytes)
	drop := 0
	for len(r.records)-drop > recentRecords || r.bytes > recentBytes {
		r.bytes -= len(r.records[drop])
		drop++
	}
	if drop == 0 {
		return
	}
	kept := copy(r.records, r.records[drop:])
	clear(r.records[kept:])
	r.records = r.records[:kept]
}

// after returns the records after a sequence, which the caller must not alter; false when some of them are not here.
func (r *recent) after(sequence uint64) ([]record.Record, bool) {
	if len(r.records) == 0 || sequence > r.last || sequence+uint64(len(r.records)) < r.last {
		return nil, false
	}
	return r.records[len(r.records)-int(r.last-sequence):], true
}

// get returns one record, nil when it is not here.
func (r *recent) get(sequence uint64) record.Record {
	if sequence == 0 {
		return nil
	}
	records, here := r.after(sequence - 1)
	if !here || len(records) == 0 {
		return nil
	}
	return records[0]
}
