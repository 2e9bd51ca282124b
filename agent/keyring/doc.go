// Package keyring holds a terminal's keys: an enrolment file and the epochs of its sign-ins come in, working keys and
// a TLS configuration leave.
//
//	Open(Config) (*Keyring, error)
//	Terminal() · KeyVersion() · Identity() · TLS(serverName)
//	Keys(epoch) · Current() · Derive(Epoch) · Add(Epoch) · SignInMAC() · JournalMAC()
package keyring
