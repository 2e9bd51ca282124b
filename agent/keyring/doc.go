// Package keyring holds a terminal's keys: an enrolment file and the epochs of its sign-ins come in, working keys and
// a TLS configuration leave.
//
//	Open(Config) (*Keyring, error)
//	Terminal() · KeyVersion() · Identity() · TLS(serverName)
//	Keys(epoch) · Current() · Derive(Epoch) · Add(Epoch) · SignInMAC() · JournalMAC()
//
// # What this protects and what not
//
// The terminal key lies wrapped in the enrolment file; Provider unwraps it. The provider for now, DeviceFile, reads the
// wrapping key from a file beside it. That keeps the key out of backups and pictures of the enrolment file alone. It
// stops neither root on this machine nor somebody who copies its flash: such a copy signs in as this terminal. The
// cloud sees a clone by records with the same sequence and other bytes, and by two connections of one client id
// pushing each other out. A secure element or TPM becomes another Provider; nothing else changes.
//
// The epochs file holds nonces, no keys; it is worthless without the terminal key. Changing it makes keys under which
// nothing verifies, which is noticed when the journal is opened.
package keyring
