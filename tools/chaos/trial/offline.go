package trial

import (
	"context"

	"github.com/yuantill/yuantill/tools/chaos/tally"
)

const (
	offlineShare = 3 // without a connection one customer in so many does not know it, and pays as always
	regretShare  = 4 // one sale in so many that was taken offline is given back at once
)

// connected reports whether the till says that it reaches the cloud; one that does not answer counts as connected.
func (c *cashier) connected(ctx context.Context) bool {
	status, err := c.till.Station.Status(ctx)
	return err != nil || status.Uplink.Connected
}

// returnOffline gives a payment back that the till took by itself, before the cloud has it, now and then.
func (c *cashier) returnOffline(ctx context.Context, order string) {
	sale, answered := c.look(ctx, order)
	if !answered || sale.State != "approved-offline" || c.random.IntN(regretShare) != 0 {
		return
	}
	c.giveBackOf(ctx, tally.Sale{Order: sale.ID, Amount: sale.Amount})
}
