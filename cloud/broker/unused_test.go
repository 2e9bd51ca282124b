package broker_test

import (
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/topic"
)

// What SPEC.md 6 says is not used: refused where the server shows it, and worth nothing where it does not.

func TestUserAndPasswordAreRefused(t *testing.T) {
	s := newSite(t)
	for name, change := range map[string]func(*paho.ClientOptions){
		"User":             func(o *paho.ClientOptions) { o.SetUsername("10000001") },
		"UserAndPassword":  func(o *paho.ClientOptions) { o.SetUsername("collector").SetPassword("guess") },
		"AnotherTerminals": func(o *paho.ClientOptions) { o.SetUsername("10000002").SetPassword("") },
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.dial(t, "10000001", "10000001", change)
			require.Error(t, err)
		})
	}
	_, err := s.dial(t, "10000001", "10000001", nil)
	require.NoError(t, err)
}

// hears subscribes a terminal to its answers.
func (s site) hears(t *testing.T, terminal string, change func(*paho.ClientOptions)) (paho.Client, chan string) {
	t.Helper()
	client, err := s.dial(t, terminal, terminal, change)
	require.NoError(t, err)
	heard := make(chan string, 100)
	done(t, client.Subscribe(topic.Name(id(terminal), topic.Down), 1, func(_ paho.Client, m paho.Message) { heard <- string(m.Payload()) }))
	return client, heard
}

func says(t *testing.T, heard <-chan string) string {
	t.Helper()
	select {
	case text := <-heard:
		return text
	case <-time.After(patience):
		t.Fatal("nothing was heard")
		return ""
	}
}

// TestWillsMayWhatTheirTerminalMay: the broker publishes a will when a connection is lost, as if its terminal had. So one for
// another terminal, or for the terminal's own answers, goes nowhere and is not kept either.
func TestWillsMayWhatTheirTerminalMay(t *testing.T) {
	s := newSite(t)
	collector, up := s.collect(t)
	_, heard := s.hears(t, "10000002", nil)
	own := topic.Name(id("10000001"), topic.Up)
	for _, at := range []string{"yt/v1/10000002/down", "yt/v1/10000001/down", "yt/v1/10000002/up", "$JS/API/INFO", own} {
		for _, retained := range []bool{false, true} {
			_, err := s.dial(t, "10000001", "10000001", func(o *paho.ClientOptions) { o.SetWill(at, "will for "+at, 1, retained) })
			require.NoError(t, err)
			require.NoError(t, s.Disconnect(id("10000001")))
			if at != own {
				continue
			}
			m := next(t, up) // wills are published in the order in which connections end
			require.Equal(t, topic.Subject(id("10000001"), topic.Up), m.Subject)
			require.Equal(t, "will for "+own, string(m.Data), "what was sent before has been dropped")
		}
	}
	require.NoError(t, collector.Publish(topic.Subject(id("10000002"), topic.Down), []byte("answer")))
	require.Equal(t, "answer", says(t, heard), "nothing came before it")
	_, again := s.hears(t, "10000002", nil)
	require.NoError(t, collector.Publish(topic.Subject(id("10000002"), topic.Down), []byte("another")))
	require.Equal(t, "another", says(t, again), "nothing was retained")
}

// TestSessionsKeepNothing: a terminal that asks the broker to keep its session hears, back again, only what is sent then.
func TestSessionsKeepNothing(t *testing.T) {
	s := newSite(t)
	collector, _ := s.collect(t)
	unclean := func(o *paho.ClientOptions) { o.SetCleanSession(false) }
	send := func(text string) {
		require.NoError(t, collector.PublishMsg(&nats.Msg{Subject: topic.Subject(id("10000001"), topic.Down), Data: []byte(text)}))
		require.NoError(t, collector.Flush())
	}
	client, heard := s.hears(t, "10000001", unclean)
	send("first")
	require.Equal(t, "first", says(t, heard))
	client.Disconnect(100)
	send("while it was away")
	_, heard = s.hears(t, "10000001", unclean)
	send("back")
	require.Equal(t, "back", says(t, heard))
}
