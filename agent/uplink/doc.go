// Package uplink carries the journal's records to the cloud over MQTT and brings the answers back.
//
//	New(Config, journal, keyring) (*Uplink, error)   Run(ctx) error
//	SendNow(record, secret) error                    at once, ahead of any backlog; call again to ask again
//	Forget(sequence)                                 the payment is definite: its secret is erased
//	Results() · FollowUpResults() · OrdersFound() · Refusals()   bounded channels
//	Status()
//
// # How records travel
//
// Run holds one connection: TLS 1.3 with the terminal's certificate, clean session, the brokers in turn with back-off
// and full jitter. Payments go on lane now from the caller's goroutine. Everything else is read from the journal by one
// drainer, in order, and goes on lane up with a bounded window on its way. Nothing is held in memory that is not in
// the journal, except the customers' codes. Only the cloud's signed acknowledgement marks a record as sent; the broker's
// PUBACK is not looked at. What is not acknowledged in time, and after every reconnect everything not acknowledged, is
// sent again with the same bytes. So a broker may lose all it has at any time.
//
// # A backlog and a sale at the same time
//
// The drainer stops while a payment waits for its first answer, at most 50 ms; its window shrinks when answers come
// later than the line alone explains; it yields the processor every few records. 100,000 records drain in under two
// seconds with broker and cloud on the same two processors (BenchmarkDrain: 58,000 a second).
//
// # When somebody must look
//
// Status.Stopped is set, and nothing more is sent, when the cloud has another record than the journal under the same
// number: at an acknowledgement or at a sign-in. A refused record stops nothing else; it is counted, shown and offered
// again on the next connection.
package uplink
