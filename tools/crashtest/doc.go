// Package crashtest cuts the power of both databases, agent/journal and cloud/store/sqlite, at thousands of moments and
// sees whether what was promised is there: seeds go in, a count of broken promises comes out.
//
// A recording is a workload of production code on a crashdisk.Disk. It is replayed: at operations all over it the files
// are built that a power cut may have left, production code opens them, everything that can be read is compared with
// what must be there, and the work goes on. Live, the power is cut under running production code, again and again, so
// that it also goes during the start that follows a power cut.
//
// What must be there is kept by an account of this package's own (journalModel, storeModel), which shares no code with
// what it judges: all that was acknowledged, byte for byte; beyond it, of what was on its way, whole commits in order
// and nothing else; nothing twice. What does not open is a broken promise too.
//
// A run that finds nothing proves nothing unless it would have found something: each run also makes mistakes on purpose
// (mistakes), every one of which has to be noticed.
package crashtest
