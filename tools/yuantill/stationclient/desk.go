package stationclient

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"github.com/yuantill/yuantill/agent/station"
)

// The station's words for what is done with orders.
type (
	FollowUp     = station.FollowUp
	FollowUpBody = station.FollowUpBody
	Lookup       = station.LookupBody
	Order        = station.Order
	Standing     = station.Standing
)

// FollowUp asks for something to be done with an order, or returns what the same key asked for before.
func (c *Client) FollowUp(ctx context.Context, key, order string, wish FollowUpBody) (FollowUp, error) {
	var made FollowUp
	err := c.call(ctx, http.MethodPost, "/v1/sales/"+url.PathEscape(order)+"/follow-ups", key, wish, &made)
	return made, err
}

// Follow returns a follow-up.
func (c *Client) Follow(ctx context.Context, id string) (FollowUp, error) {
	var found FollowUp
	err := c.call(ctx, http.MethodGet, "/v1/follow-ups/"+url.PathEscape(id), "", nil, &found)
	return found, err
}

// FollowUps returns what was done with an order on this till, oldest first.
func (c *Client) FollowUps(ctx context.Context, order string) ([]FollowUp, error) {
	var all []FollowUp
	err := c.call(ctx, http.MethodGet, "/v1/sales/"+url.PathEscape(order)+"/follow-ups", "", nil, &all)
	return all, err
}

// ReprintFollowUp asks for copies of a slip, "merchant" or "customer", to be printed once more: the customer's when none is
// named.
func (c *Client) ReprintFollowUp(ctx context.Context, key, id string, copies ...string) (FollowUp, error) {
	var printed FollowUp
	err := c.call(ctx, http.MethodPost, "/v1/follow-ups/"+url.PathEscape(id)+"/reprint", key, station.ReprintBody{Copies: copies}, &printed)
	return printed, err
}

// Lookup finds an order in the till's journal or in the cloud.
func (c *Client) Lookup(ctx context.Context, wanted Lookup) (Order, error) {
	var found Order
	err := c.call(ctx, http.MethodPost, "/v1/lookups", "", wanted, &found)
	return found, err
}

// Sales returns the till's latest sales, newest first; of holds only those that still hold something.
func (c *Client) Sales(ctx context.Context, limit int, holds bool) ([]Sale, error) {
	var sales []Sale
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	if holds {
		query.Set("holds", "true")
	}
	err := c.call(ctx, http.MethodGet, "/v1/sales?"+query.Encode(), "", nil, &sales)
	return sales, err
}

// FollowUp returns the follow-up that an event tells of; false for other events.
func (e Event) FollowUp() (FollowUp, bool) {
	var told FollowUp
	if e.Kind != kindFollowUp || json.Unmarshal(e.Data, &told) != nil || told.ID == "" {
		return FollowUp{}, false
	}
	return told, true
}

// kindFollowUp is the name of a follow-up's events.
const kindFollowUp = "follow-up"
