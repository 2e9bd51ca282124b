package station_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/station"
)

// idle opens a connection that says nothing more than text.
func idle(t *testing.T, address, text string) net.Conn {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	_, err = io.WriteString(connection, text)
	require.NoError(t, err)
	return connection
}

// soon is within what the station gives anybody to say something.
const soon = 2 * time.Second

// closed says whether the station has closed a connection, once it has had the time to.
func closed(t *testing.T, connection net.Conn) bool {
	t.Helper()
	require.NoError(t, connection.SetReadDeadline(time.Now().Add(soon)))
	_, err := connection.Read(make([]byte, 1))
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

// stays says whether a connection is open: the station answers a request on it.
func stays(t *testing.T, connection net.Conn) bool {
	t.Helper()
	require.NoError(t, connection.SetDeadline(time.Now().Add(patience)))
	if _, err := io.WriteString(connection, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		return false
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	return err == nil && response.StatusCode == http.StatusOK
}

// TestConnectionsAreBounded: connections without end keep out neither the page nor the event stream that the till's own
// screen has open, and the oldest idle one goes for the newest.
func TestConnectionsAreBounded(t *testing.T) {
	for name, text := range map[string]string{
		"that say nothing": "", "that stop half-way": "POST /v1/sales HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n",
		"whose body never comes": "POST /v1/sales HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{",
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, "")
			b.station = newStationOnFreePort(t, b)
			address, _ := serve(t, b)
			next, _ := listen(t, address, "")
			const many = 3 * station.ConnectionsMax
			all := make([]net.Conn, 0, many)
			for range many {
				all = append(all, idle(t, address, text))
			}
			for i, connection := range all[:many-station.ConnectionsMax+1] { // the stream has a place too
				require.True(t, closed(t, connection), "connection %d", i)
			}
			if text == "" {
				require.True(t, stays(t, all[many-1]))
			}
			client := &http.Client{Timeout: patience, Transport: &http.Transport{}}
			response, err := client.Get("http://" + address + "/v1/status")
			require.NoError(t, err, "the till's own page gets in")
			require.Equal(t, http.StatusOK, response.StatusCode)
			require.NoError(t, response.Body.Close())
			client.CloseIdleConnections()
			b.feed.PublishNotice("printer", catalogue.NoticePaper, noon)
			require.Equal(t, "notice", next().name, "and its event stream goes on")
		})
	}
}

// slowTill answers what is asked of a sale once it may.
type slowTill struct {
	*fakeTill
	asked chan struct{}
	may   chan struct{}
}

func (s *slowTill) Sale(ctx context.Context, id checkout.OrderID) (checkout.View, error) {
	s.asked <- struct{}{}
	<-s.may
	return s.fakeTill.Sale(ctx, id)
}

// TestAllConnectionsAnswered: where there is none to give up the newest is refused, and those that wait have their answer.
func TestAllConnectionsAnswered(t *testing.T) {
	b := newBench(t, "")
	b.ask(t, "POST", "/v1/sales", `{"amount":1250}`, key("k1"))
	slow := &slowTill{fakeTill: b.till, asked: make(chan struct{}), may: make(chan struct{})}
	b.station = newStationOfDesk(t, b, slow)
	address, _ := serve(t, b)
	all := make([]net.Conn, 0, station.ConnectionsMax)
	for range station.ConnectionsMax {
		all = append(all, idle(t, address, fmt.Sprintf("GET /v1/sales/%s HTTP/1.1\r\nHost: localhost\r\n\r\n", firstSale)))
		<-slow.asked
	}
	require.True(t, closed(t, idle(t, address, "")))
	close(slow.may)
	for _, connection := range all {
		require.NoError(t, connection.SetReadDeadline(time.Now().Add(patience)))
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, response.StatusCode)
	}
}
