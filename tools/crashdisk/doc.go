// Package crashdisk is a disk whose power can be cut: what real SQLite and the program around it write goes in, the
// files that a power cut may have left come out.
//
// A Disk is a folder of real files and a SQLite VFS in front of SQLite's own, so that production code, its locks and
// its look at the files work as ever. Nothing is really synced; instead the Disk knows what a sync would have made
// durable and what it would not.
//
//	New(folder)                  VFS · Path · OpenFile · Remove · Free      what production code is given as its disk
//	Record · Mark · Trace        every operation in order, to be folded again by a Platter, step by step
//	CutAt · Cut · Off · PowerOn  the power goes in the middle; what is left is loaded for the next start
//	Kill                         the process dies, the power stays
//	Image · Load · Snapshot      files as a power cut leaves them; files as they are; files put (back) in place
//	SetFaults · SetLies          a full disk, failing writes and syncs; syncs that do nothing, PRAGMA synchronous
//	Hold · Watch                 stop at the next operation; see each
//	SetClock · SeedRandomness    SQLite's time and randomness
//
// # What a power cut leaves
//
// Durable are a file's bytes at its last sync and a directory's entries at the directory's last sync. Of every write,
// truncation, creation and deletion since, a power cut may leave any part: each sector by itself, in any order, one of
// them torn in the middle; this is the harshest that SQLite says it stands, given the powersafe overwrite that its unix
// VFS reports. A name that is deleted and made again is another file.
//
// # What is believed and not checked here
//
// The shim stands in the place of SQLite's unix VFS when it comes to syncs: that one syncs the directory at the first
// sync of each handle on a write-ahead log or rollback journal that was opened with CREATE, and never for the database.
package crashdisk
