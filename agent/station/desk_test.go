package station_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
)

// newDesk is a station whose till has one sale.
func newDesk(t *testing.T) *bench {
	b := newBench(t, "")
	require.Equal(t, http.StatusCreated, b.ask(t, "POST", "/v1/sales", `{"amount":1250}`, key("k")).code)
	return b
}

const followUpsPath = "/v1/sales/" + firstSale + "/follow-ups"

func TestFollowUp(t *testing.T) {
	t.Run("Created", func(t *testing.T) {
		b := newDesk(t)
		got := b.ask(t, "POST", followUpsPath, `{"kind":"refund","amount":500,"note":" 退货\u0007 ","cashier":"li"}`, key("r1"))
		require.Equal(t, http.StatusCreated, got.code, got.body)
		wish := b.till.wishes[0]
		require.Equal(t, message.FollowUp_FOLLOW_UP_REFUND, wish.Kind)
		require.EqualValues(t, 500, wish.Amount)
		require.Equal(t, "退货", wish.Note)
		require.Equal(t, "r1", wish.Origin.Key)
		for field, want := range map[string]any{
			"kind": "refund", "state": "asking", "outcome": "unknown", "final": false, "amount": 500.0, "amount_text": "¥5.00",
			"order": firstSale, "original_reference": "260501000042",
		} {
			require.Equal(t, want, got.body[field], field)
		}
		require.Equal(t, "退货", got.body["name"].(map[string]any)["zh"])
	})
	t.Run("EveryKind", func(t *testing.T) {
		b := newDesk(t)
		for _, kind := range []string{"void", "refund", "top-up", "complete", "cancel", "undo"} {
			got := b.ask(t, "POST", followUpsPath, `{"kind":"`+kind+`","amount":1}`, key(kind))
			require.Equal(t, http.StatusCreated, got.code, got.body)
			require.Equal(t, kind, got.body["kind"])
		}
	})
	t.Run("LastAndUndoes", func(t *testing.T) {
		b := newDesk(t)
		completion := strings.Repeat("0a", 16)
		b.ask(t, "POST", followUpsPath, `{"kind":"complete","amount":1,"last":true}`, key("c"))
		got := b.ask(t, "POST", followUpsPath, `{"kind":"undo","undoes":"`+completion+`"}`, key("u"))
		require.True(t, b.till.wishes[0].Last)
		require.Equal(t, completion, got.body["undoes"])
	})
	t.Run("SameKeySameDigest", func(t *testing.T) {
		b := newDesk(t)
		for range 2 {
			b.ask(t, "POST", followUpsPath, `{"kind":"void"}`, key("v"))
		}
		b.ask(t, "POST", followUpsPath, `{"kind":"void","note":"x"}`, key("v"))
		require.Equal(t, b.till.wishes[0].Origin, b.till.wishes[1].Origin, "the till knows that it is the same")
		require.NotEqual(t, b.till.wishes[0].Origin.Digest, b.till.wishes[2].Origin.Digest)
	})
	t.Run("Refused", func(t *testing.T) {
		for name, test := range map[string]struct {
			path, body string
			change     func(*http.Request)
			code       int
		}{
			"NoKey":         {followUpsPath, `{"kind":"void"}`, header("X", "y"), http.StatusBadRequest},
			"LongKey":       {followUpsPath, `{"kind":"void"}`, key(strings.Repeat("k", 65)), http.StatusBadRequest},
			"NoKind":        {followUpsPath, `{"amount":1}`, key("k"), http.StatusUnprocessableEntity},
			"UnknownKind":   {followUpsPath, `{"kind":"gift"}`, key("k"), http.StatusUnprocessableEntity},
			"BelowZero":     {followUpsPath, `{"kind":"refund","amount":-1}`, key("k"), http.StatusUnprocessableEntity},
			"BadCompletion": {followUpsPath, `{"kind":"undo","undoes":"x"}`, key("k"), http.StatusConflict},
			"BadOrder":      {"/v1/sales/zz/follow-ups", `{"kind":"void"}`, key("k"), http.StatusNotFound},
			"NoOrder":       {"/v1/sales/" + strings.Repeat("f", 32) + "/follow-ups", `{"kind":"void"}`, key("k"), http.StatusNotFound},
		} {
			t.Run(name, func(t *testing.T) {
				b := newDesk(t)
				got := b.ask(t, "POST", test.path, test.body, test.change)
				require.Equal(t, test.code, got.code, got.body)
				require.NotEmpty(t, got.body["text"].(map[string]any)["zh"])
				require.Empty(t, b.till.wishes)
			})
		}
	})
	t.Run("RefusedByTheTill", func(t *testing.T) {
		for phrase, code := range map[catalogue.Phrase]int{
			catalogue.RefuseMoreThanLeft: http.StatusConflict, catalogue.RefuseFollowUpOpen: http.StatusConflict,
			catalogue.RefuseNotApproved: http.StatusConflict, catalogue.RefuseUndecided: http.StatusConflict, catalogue.RefuseHoldEnded: http.StatusConflict,
			catalogue.RefuseManyFollowUps: http.StatusServiceUnavailable, catalogue.RefuseManyReturns: http.StatusServiceUnavailable,
			catalogue.RefuseNoRoom: http.StatusInsufficientStorage,
		} {
			b := newDesk(t)
			b.till.refuse = &station.Refusal{Phrase: phrase}
			require.Equal(t, code, b.ask(t, "POST", followUpsPath, `{"kind":"void"}`, key("v")).code)
		}
	})
}

func TestFollowUpsAreRead(t *testing.T) {
	b := newDesk(t)
	b.ask(t, "POST", followUpsPath, `{"kind":"void"}`, key("v"))
	id := strings.Repeat("0", 32)
	require.Equal(t, http.StatusNotFound, b.ask(t, "GET", "/v1/follow-ups/"+id, "").code)
	require.Equal(t, http.StatusNotFound, b.ask(t, "GET", "/v1/follow-ups/x", "").code)
	id = "07" + id[2:]
	require.Equal(t, "void", b.ask(t, "GET", "/v1/follow-ups/"+id, "").body["kind"])
	for range 2 {
		got := b.ask(t, "POST", "/v1/follow-ups/"+id+"/reprint", "", key("p"))
		require.Equal(t, http.StatusOK, got.code, got.body)
	}
	b.till.wishes[0].Cashier = "since then"
	require.Equal(t, "since then", b.ask(t, "POST", "/v1/follow-ups/"+id+"/reprint", "", key("p")).body["cashier"], "as it stands now")
	require.Equal(t, 1, b.till.prints, "the same key prints once")
	listed := b.list(t, followUpsPath)
	require.Len(t, listed, 1)
	require.Len(t, b.list(t, "/v1/sales"), 1)
	require.Empty(t, b.list(t, "/v1/sales?holds=true"))
	require.Equal(t, http.StatusUnprocessableEntity, b.ask(t, "GET", "/v1/sales?limit=1000", "").code)
}

func TestLookup(t *testing.T) {
	b := newDesk(t)
	order := strings.Repeat("0a", 16)
	for body, want := range map[string]station.Wanted{
		`{"reference":"260501000042"}`:           {Reference: "260501000042"},
		`{"voucher":9}`:                          {Voucher: 9},
		`{"batch":2,"voucher":9}`:                {Batch: 2, Voucher: 9},
		`{"text":"https://a/r/B","cashier":"x"}`: {Text: "https://a/r/B", Cashier: "x"},
		`{"order":"` + order + `"}`:              {Order: checkout.OrderID([]byte(strings.Repeat("\x0a", 16)))},
	} {
		got := b.ask(t, "POST", "/v1/lookups", body)
		require.Equal(t, http.StatusOK, got.code, got.body)
		require.Equal(t, want, b.till.wanted[len(b.till.wanted)-1])
		require.Equal(t, 1000.0, got.body["refundable"])
		require.Equal(t, false, got.body["here"])
		require.Equal(t, "10000002", got.body["terminal"])
		require.Equal(t, 250.0, got.body["standing"].(map[string]any)["refunded"])
		require.Equal(t, 1000.0, got.body["standing"].(map[string]any)["left"])
	}
	require.Equal(t, http.StatusUnprocessableEntity, b.ask(t, "POST", "/v1/lookups", `{"order":"zz"}`).code)
	for phrase, code := range map[catalogue.Phrase]int{
		catalogue.RefuseLookupNothing: http.StatusNotFound, catalogue.RefuseLookupText: http.StatusUnprocessableEntity,
		catalogue.RefuseNoBatch:      http.StatusConflict,
		catalogue.RefuseLookupSilent: http.StatusServiceUnavailable, catalogue.RefuseLookupBusy: http.StatusServiceUnavailable,
	} {
		b.till.refuse = &station.Refusal{Phrase: phrase}
		require.Equal(t, code, b.ask(t, "POST", "/v1/lookups", `{"reference":"260501000042"}`).code)
	}
	b.till.refuse = errors.New("disk")
	require.Equal(t, http.StatusInternalServerError, b.ask(t, "POST", "/v1/lookups", `{"voucher":1}`).code)
}

func TestHoldIsStarted(t *testing.T) {
	b := newBench(t, "")
	got := b.ask(t, "POST", "/v1/sales", `{"amount":1250,"hold":true,"hold_expires":"2026-05-08T00:00:00+08:00"}`, key("h"))
	require.Equal(t, http.StatusCreated, got.code, got.body)
	require.True(t, b.till.sale.Hold)
	require.True(t, b.till.sale.HoldExpires.Equal(time.Date(2026, 5, 7, 16, 0, 0, 0, time.UTC)))
	require.Equal(t, true, got.body["hold"])
	require.NotContains(t, got.body, "standing")
	b.till.sale.State = checkout.Approved
	b.till.sale.Result = &message.PaymentResult{Standing: &message.Standing{
		Held: 1250, Paid: 200, Hold: true, HoldExpires: noon.UnixMicro(),
	}}
	require.Equal(t, map[string]any{
		"paid": 200.0, "refunded": 0.0, "left": 200.0, "hold": true, "held": 1250.0, "still_held": 1050.0, "expires": "2026-05-01T04:00:00Z",
	}, b.ask(t, "GET", "/v1/sales/"+firstSale, "").body["standing"])
}

func TestFollowUpEvents(t *testing.T) {
	b := newDesk(t)
	b.station = newStationOnFreePort(t, b)
	address, _ := serve(t, b)
	b.feed.PublishSale(saleView(checkout.Waiting), noon)
	next, _ := listen(t, address, "")
	require.Equal(t, "sale", next().name)
	b.feed.PublishFollowUp(b.till.followUp(station.FollowUpWish{Kind: message.FollowUp_FOLLOW_UP_VOID}), noon)
	event := next()
	require.Equal(t, "follow-up", event.name)
	require.Contains(t, event.data, `"kind":"void"`)
	require.Contains(t, event.data, "正在办理")
	again, _ := listen(t, address, "")
	require.Equal(t, "sale", again().name, "somebody new gets the newest sale, whatever came after it")
}

func TestDescriptionNamesTheDesk(t *testing.T) {
	b := newBench(t, "")
	got := b.ask(t, "GET", "/openapi.json", "")
	paths := got.body["paths"].(map[string]any)
	for _, path := range []string{"/v1/sales/{id}/follow-ups", "/v1/follow-ups/{id}", "/v1/follow-ups/{id}/reprint", "/v1/lookups"} {
		require.Contains(t, paths, path)
	}
	require.Contains(t, paths["/v1/sales"], "get")
}
