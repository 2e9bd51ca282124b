// Package journal keeps everything that happens on a terminal: entries come in, committed records leave, in one
// SQLite file that survives power cuts and is never shortened.
//
//	Open(ctx, Config) (*Journal, error)              Run(ctx) error · Close() error
//	OpenReadOnly(ctx, path, engine, keyring)         beside a running agent
//	Append(ctx, ...Entry) ([]record.Record, error)   one transaction, durable when it returns
//	OpenEpoch(ctx, EpochOpening) (record.Record, error)
//	Room() error                                     would a payment be refused?
//	Unsent · Acknowledge · Appended                  the uplink's
//	OpenSales · Find · LastSales · Last · Get · Tail · Counts · Verify
package journal
