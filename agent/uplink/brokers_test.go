package uplink_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/keyring"
	"github.com/yuantill/yuantill/agent/uplink"
	"github.com/yuantill/yuantill/protocol/enrolment/enrolmenttest"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

func TestBrokers(t *testing.T) {
	t.Run("the next address is tried", func(t *testing.T) {
		authority := enrolmenttest.NewAuthority(t)
		b := startBroker(t, authority, -1, &admission{})
		c := newCloud(t)
		c.attach(b)
		silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, never answers
		require.NoError(t, err)
		defer silent.Close()
		closed, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		require.NoError(t, closed.Close())
		tl := newTill(t, authority, closed.Addr().String(), silent.Addr().String(), address(b))
		tl.config.Timings.Connect = 100 * time.Millisecond
		tl.run()
		tl.until("signed in at the third", func(s uplink.Status) bool { return s.Epoch == 1 && s.Broker == address(b) })
	})
	t.Run("a broker of another authority is not trusted", func(t *testing.T) {
		authority := enrolmenttest.NewAuthority(t)
		b := startBroker(t, enrolmenttest.NewAuthority(t), -1, &admission{})
		tl := newTill(t, authority, address(b))
		tl.run()
		tl.until("error", func(s uplink.Status) bool { return s.LastError != "" })
		require.Contains(t, tl.uplink.Status().LastError, "certificate")
		require.False(t, tl.uplink.Status().Connected)
	})
	t.Run("ErrForbidden when the broker does not let us hear", func(t *testing.T) {
		authority := enrolmenttest.NewAuthority(t)
		b := startBroker(t, authority, -1, &admission{deaf: true})
		tl := newTill(t, authority, address(b))
		tl.run()
		tl.until("error", func(s uplink.Status) bool { return s.LastError != "" })
		require.Contains(t, tl.uplink.Status().LastError, uplink.ErrForbidden.Error())
	})
	t.Run("a terminal that is turned away again and again is barred until it is let in", func(t *testing.T) {
		authority, door := enrolmenttest.NewAuthority(t), &admission{}
		door.shut.Store(true)
		b := startBroker(t, authority, -1, door)
		c := newCloud(t)
		c.attach(b)
		tl := newTill(t, authority, address(b))
		tl.run()
		tl.until("barred", func(s uplink.Status) bool { return s.Barred })
		require.Contains(t, tl.uplink.Status().LastError, "not Authorized")
		port := b.port
		b.stop()
		tl.until("cut", func(s uplink.Status) bool { return !strings.Contains(s.LastError, "not Authorized") })
		require.True(t, tl.uplink.Status().Barred, "a line that is gone opens no door")
		door.shut.Store(false)
		c.attach(startBroker(t, authority, port, door))
		tl.until("signed in", func(s uplink.Status) bool { return s.Epoch == 1 && !s.Barred })
	})
	t.Run("incomplete configurations", func(t *testing.T) {
		_, _, tl := world(t)
		for _, spoil := range []func(*uplink.Config){
			func(c *uplink.Config) { c.Brokers = nil },
			func(c *uplink.Config) { c.Brokers = []string{"no-port"} },
			func(c *uplink.Config) { c.Brokers = make([]string, 100) },
			func(c *uplink.Config) { c.Clock = nil },
			func(c *uplink.Config) { c.Random = nil },
			func(c *uplink.Config) { c.Timings.Ack = 0 },
		} {
			config := tl.config
			spoil(&config)
			_, err := uplink.New(config, tl.journal, tl.ring)
			require.Error(t, err)
		}
	})
}

func TestHostileAnswers(t *testing.T) {
	_, c, tl := world(t)
	tl.faults(1)
	tl.until("all sent", func(s uplink.Status) bool { return s.Unsent == 0 })
	link := seal.Hash{1}
	stranger := seal.DeriveKeys(seal.Portable(), make([]byte, 16), 1, [16]byte{}, [16]byte{})
	body, err := proto.Marshal(&message.Acknowledgement{HighWater: 2, HighWaterLink: link[:]})
	require.NoError(t, err)
	ack := record.Header{
		Direction: seal.Down, Type: record.Acknowledgement, KeyVersion: 1, Epoch: 1, Sequence: 9, Terminal: terminal,
		Time: time.Now(),
	}
	sealed := func(keys *seal.Keys, mac *seal.MAC, change func(*record.Header)) []byte {
		header := ack
		change(&header)
		r, err := record.Build(mac, header, body)
		require.NoError(t, err)
		frame, err := record.Seal(keys.Envelope, r, nil)
		require.NoError(t, err)
		return frame
	}
	same := func(*record.Header) {}
	ours, err := tl.ring.Keys(1)
	require.NoError(t, err)
	raw, err := record.Build(stranger.Answer, record.Header{
		Direction: seal.Down, Type: record.SignInAnswer, Epoch: 9, Terminal: terminal, Time: time.Now(),
	}, nil)
	require.NoError(t, err)
	hostile := [][]byte{
		nil,
		[]byte("{}"),
		make([]byte, 100_000),
		sealed(stranger, stranger.Answer, same),
		sealed(ours, ours.Record, same), // our own key for records is not the cloud's for answers
		sealed(ours, ours.Answer, func(h *record.Header) { h.Epoch = 77 }),
		sealed(ours, ours.Answer, func(h *record.Header) { h.Terminal[0] = '2' }),
		sealed(ours, ours.Answer, func(h *record.Header) { h.Direction = seal.Up }),
		sealed(ours, ours.Answer, func(h *record.Header) { h.Type = record.DeviceFault }),
		sealed(ours, ours.Answer, same)[:90],
	}
	for _, data := range hostile {
		c.publish(data)
	}
	tl.until("rejected", func(s uplink.Status) bool { return s.Rejected == uint64(len(hostile)) })
	c.publish(raw) // goes to the sign-in and is ignored there
	status := tl.uplink.Status()
	require.Empty(t, status.Stopped)
	require.True(t, status.Connected)
	tl.pay(3, "code")
	require.Equal(t, int64(3), tl.result().Amount, "business goes on")
	require.LessOrEqual(t, tl.uplink.Status().Epoch, uint32(2), "epoch 77 is nobody's: one sign-in asks whether there is a new one")
}

// openEpoch signs in without a cloud.
func openEpoch(t testing.TB, tl *till) {
	t.Helper()
	epoch := keyring.Epoch{Number: 1, OpenedAt: time.Now()}
	require.NoError(t, tl.ring.Add(epoch))
	_, err := tl.journal.OpenEpoch(context.Background(), journal.EpochOpening{Keys: tl.ring.Derive(epoch)})
	require.NoError(t, err)
}
