// Package uplink carries the journal's records to the cloud over MQTT and brings the answers back.
//
//	New(Config, journal, keyring) (*Uplink, error)   Run(ctx) error
//	SendNow(record, secret) error                    at once, ahead of any backlog; call again to ask again
//	Forget(sequence)                                 the payment is definite: its secret is erased
//	Results() · Refusals()                           bounded channels
//	Status()
package uplink
