package station_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/station"
)

const patience = 5 * time.Second

// serve starts the station on a free port and returns its address.
func serve(t *testing.T, b *bench) (address string, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	listener, err := b.station.Listen(ctx)
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- b.station.Serve(ctx, listener) }()
	var once bool
	stop = func() {
		if once {
			return
		}
		once = true
		cancel()
		select {
		case err := <-ended:
			require.NoError(t, err)
		case <-time.After(patience):
			t.Error("the station does not stop")
		}
	}
	t.Cleanup(stop)
	return listener.Addr().String(), stop
}

// event is one server-sent event.
type event struct{ id, name, data string }

// listen opens the event stream; next returns the next event.
func listen(t *testing.T, address, last string) (next func() event, response *http.Response) {
	request, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+address+"/v1/events", nil)
	require.NoError(t, err)
	if last != "" {
		request.Header.Set("Last-Event-ID", last)
	}
	response, err = http.DefaultClient.Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	lines := bufio.NewScanner(response.Body)
	return func() event {
		var e event
		for lines.Scan() {
			field, value, _ := strings.Cut(lines.Text(), ": ")
			switch {
			case lines.Text() == "" && e.data != "":
				return e
			case field == "id":
				e.id = value
			case field == "event":
				e.name = value
			case field == "data":
				e.data = value
			}
		}
		return e
	}, response
}

func saleView(state checkout.State) checkout.View {
	rules := checkout.Rules{Timing: checkout.DefaultTiming()}
	return rules.View(checkout.Sale{OrderID: checkout.OrderID{1}, State: state, StartedAt: noon}, catalogue.None)
}

func TestEvents(t *testing.T) {
	newServed := func(t *testing.T) (*bench, string) {
		b := newBench(t, "")
		b.station = newStationOnFreePort(t, b)
		address, _ := serve(t, b)
		return b, address
	}
	t.Run("NewestSaleFirstThenAsTheyCome", func(t *testing.T) {
		b, address := newServed(t)
		b.feed.PublishSale(saleView(checkout.Waiting), noon)
		b.feed.PublishSale(saleView(checkout.Authorising), noon)
		b.feed.PublishNotice("scanner", catalogue.NoticeScannerGone, noon)
		next, response := listen(t, address, "")
		require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
		first := next()
		require.Equal(t, "sale", first.name)
		require.Contains(t, first.data, `"state":"authorising"`)
		b.feed.PublishSale(saleView(checkout.Approved), noon)
		second := next()
		require.Contains(t, second.data, `"state":"approved"`)
		require.Contains(t, second.data, "支付成功")
		b.feed.PublishNotice("printer", catalogue.NoticePaper, noon)
		third := next()
		require.Equal(t, "notice", third.name)
		require.Contains(t, third.data, `"device":"printer"`)
		shift, err := reported(nil)
		require.NoError(t, err)
		b.feed.PublishShift(shift, noon)
		fourth := next()
		require.Equal(t, "shift", fourth.name)
		require.Contains(t, fourth.data, `"batch":17`)
		b.feed.PublishOffline(station.Offline{Left: 100_00, DaysLeft: 29}, noon)
		fifth := next()
		require.Equal(t, "offline", fifth.name)
		require.Contains(t, fifth.data, `"days_left":29`)
	})
	t.Run("ResumesAfterTheLastSeen", func(t *testing.T) {
		b, address := newServed(t)
		b.feed.PublishSale(saleView(checkout.Waiting), noon)
		next, _ := listen(t, address, "")
		seen := next().id
		b.feed.PublishSale(saleView(checkout.Authorising), noon)
		b.feed.PublishSale(saleView(checkout.Approved), noon)
		again, _ := listen(t, address, seen)
		require.Contains(t, again().data, `"state":"authorising"`)
		require.Contains(t, again().data, `"state":"approved"`)
	})
	t.Run("IdOfAnEarlierRunGetsEverythingKept", func(t *testing.T) {
		b, address := newServed(t)
		for i := range 300 {
			view := saleView(checkout.Waiting)
			view.Sale.Voucher = uint32(i)
			b.feed.PublishSale(view, noon)
		}
		next, _ := listen(t, address, "5")
		require.Contains(t, next().data, fmt.Sprintf(`"voucher":%d,`, 300-64))
	})
	t.Run("IdOfAnEarlierRunWhoseClockWasAheadGetsEverythingKept", func(t *testing.T) {
		b, address := newServed(t)
		b.feed.PublishSale(saleView(checkout.Waiting), noon)
		b.feed.PublishNotice("printer", catalogue.NoticePaper, noon)
		next, _ := listen(t, address, "")
		given, err := strconv.ParseInt(next().id, 10, 64)
		require.NoError(t, err)
		again, _ := listen(t, address, strconv.FormatInt(given+100, 10))
		require.Equal(t, "sale", again().name)
		require.Equal(t, "notice", again().name)
		for range 120 { // past the id that the listener came with
			b.feed.PublishSale(saleView(checkout.Authorising), noon)
			require.Equal(t, "sale", again().name)
		}
	})
	t.Run("IdAheadOfAnEmptyFeedMissesNothing", func(t *testing.T) {
		b, address := newServed(t)
		ahead := strconv.FormatInt(noon.Add(time.Hour).UnixMilli()*1000, 10)
		next, _ := listen(t, address, ahead)
		b.feed.PublishNotice("printer", catalogue.NoticePaper, noon)
		require.Equal(t, "notice", next().name)
		b.feed.PublishSale(saleView(checkout.Waiting), noon)
		require.Equal(t, "sale", next().name)
	})
	t.Run("UnavailableForOneListenerTooMany", func(t *testing.T) {
		b, address := newServed(t)
		b.feed.PublishSale(saleView(checkout.Waiting), noon)
		for range 16 {
			next, _ := listen(t, address, "")
			require.Equal(t, "sale", next().name)
		}
		_, response := listen(t, address, "")
		require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
		var problem station.Problem
		require.NoError(t, json.NewDecoder(response.Body).Decode(&problem))
		require.Equal(t, catalogue.RefuseListeners.Text().English, problem.Title, "the till is not stopping")
	})
	t.Run("StopEndsTheStreams", func(t *testing.T) {
		b := newBench(t, "")
		b.station = newStationOnFreePort(t, b)
		address, stop := serve(t, b)
		b.feed.PublishSale(saleView(checkout.Waiting), noon)
		next, _ := listen(t, address, "")
		require.Equal(t, "sale", next().name)
		stop()
		require.Equal(t, event{}, next())
	})
}
