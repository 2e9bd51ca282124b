package checkout_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/checkout"
)

// TestUndecided names every state.
func TestUndecided(t *testing.T) {
	for state, want := range map[checkout.State]bool{
		checkout.Waiting: false, checkout.Tapping: true, checkout.CardUnknown: true, checkout.Authorising: true,
		checkout.AwaitingPassword: true, checkout.AwaitingScan: true, checkout.Querying: true, checkout.Reversing: true,
		checkout.Approved: false, checkout.Declined: false, checkout.Reversed: false, checkout.Abandoned: false,
		checkout.ApprovedOffline: false, checkout.NotHonoured: false,
	} {
		require.Equal(t, want, state.Undecided(), state.String())
	}
}
