package jsonhttps_test

import (
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/profile"
)

const approvedAnswer = `{"order":"01000000000000000000000000000000","status":"approved","amount":5,"currency":"CNY",` +
	`"reference":"R","auth_code":"123456","wallet":"000200******5678"}`

// TestPreparedIsSignedAnewWhenItWaited: a request that waited for a slow disk leaves with a time that is near.
func TestPreparedIsSignedAnewWhenItWaited(t *testing.T) {
	for name, c := range map[string]struct {
		waited time.Duration
		anew   bool
	}{"AtOnce": {0, false}, "AMoment": {9 * time.Second, false}, "Long": {11 * time.Second, true}, "ClockWentBack": {-11 * time.Second, true}} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			var offset atomic.Int64
			now := func() time.Time { return began.Add(time.Duration(offset.Load())) }
			stamps := make(chan profile.Stamp, 1)
			_, config := serve(t, func(w http.ResponseWriter, r *http.Request) {
				stamp, _, err := profile.ParseStamp(r.Header)
				if err != nil {
					t.Error(err)
				}
				stamps <- stamp
				reply(t, w, r, 200, approvedAnswer, now().UnixMilli())
			})
			config.Now = now
			prepared, err := connect(t, config).Prepare(request())
			require.NoError(t, err)
			require.Empty(t, stamps, "nothing leaves before Send")
			offset.Store(int64(c.waited))
			answer, err := prepared.Send(t.Context())
			require.NoError(t, err)
			require.Equal(t, operator.StatusApproved, answer.Status)
			want := began
			if c.anew {
				want = now()
			}
			require.Equal(t, want.UnixMilli(), (<-stamps).Millis)
		})
	}
}

func TestPrepareWithoutRandomnessIsNotSent(t *testing.T) {
	_, config := serve(t, http.NotFound)
	config.Random = iotest.ErrReader(io.ErrNoProgress)
	_, err := connect(t, config).Prepare(request())
	var notSent *operator.NotSentError
	require.ErrorAs(t, err, &notSent)
	require.ErrorIs(t, err, io.ErrNoProgress)
}
