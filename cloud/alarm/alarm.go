// Package alarm says what each kind of alarm means to the person who is told: a kind comes in, its title, what it means and
// the next step leave, Chinese first and English second; and a person's settling of one becomes durable.
package alarm

import "slices"

// Text is one sentence in both languages; Chinese is shown first.
type Text struct {
	Chinese string `json:"zh" doc:"Chinese"`
	English string `json:"en" doc:"English"`
}

// String is the text in both languages on one line.
func (t Text) String() string { return t.Chinese + " · " + t.English }

// Entry is what the catalogue says of a kind.
type Entry struct {
	Kind string
	// Title is what has happened, Meaning what that says, Next the one thing to do.
	Title, Meaning, Next Text
}

// The kinds that the collector raises beside the causes of refusals (protocol/SPEC.md 7.5).
const (
	JournalRestored = "journal-restored"
	JournalDiffers  = "journal-differs"
	JournalDamaged  = "journal-damaged"
	RecordsMissing  = "records-missing"
	EpochRecord     = "epoch-record"
	SignIn          = "sign-in"
	BooksBehind     = "books-behind"
	Flood           = "flood"
)

// NewerTerminal is raised by the collector for records of an unknown type, and by the payments for requests with unknown
// fields.
const NewerTerminal = "newer-terminal"

// All returns the whole catalogue.
func All() []Entry {
	return slices.Concat(terminals(), journals(), payments(), returns(), statements(), differences(), wallets(), books())
}

// Of returns the entry of a kind; of one that the catalogue does not have, an entry that says so.
func Of(kind string) Entry {
	all := All()
	if i := slices.IndexFunc(all, func(e Entry) bool { return e.Kind == kind }); i >= 0 {
		return all[i]
	}
	return Entry{Kind: kind, Title: Text{"其他警报 " + kind, "another alarm: " + kind},
		Meaning: Text{"本程序的目录里没有这种警报，请看详情", "this program's catalogue has no such alarm; see its detail"},
		Next:    Text{"请把详情交给技术支持", "give its detail to technical support"}}
}
