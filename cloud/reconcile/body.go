package reconcile

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/yuantill/yuantill/cloud/operator"
)

// ErrBody marks bytes that are no comparison.
var ErrBody = errors.New("reconcile: malformed comparison")

// Body is what is kept of a comparison besides its sums.
type Body struct {
	Count       int // of differences; the first of them are kept
	Differences []Difference
	Carried     []Item
}

// The stored form is JSON; orders and days are text.
type (
	storedBody struct {
		Count       int                `json:"count"`
		Differences []storedDifference `json:"differences,omitempty"`
		Carried     []storedItem       `json:"carried,omitempty"`
	}
	storedDifference struct {
		Kind      Kind   `json:"kind"`
		Order     string `json:"order"`
		Day       string `json:"day"`
		Ours      int64  `json:"ours"`
		Theirs    int64  `json:"theirs"`
		Currency  string `json:"currency"`
		Reference string `json:"reference,omitempty"`
	}
	storedItem struct {
		Order     string `json:"order"`
		Day       string `json:"day"`
		Ours      bool   `json:"ours,omitempty"`
		Amount    int64  `json:"amount"`
		Currency  string `json:"currency"`
		Reference string `json:"reference,omitempty"`
		Forgone   bool   `json:"forgone,omitempty"`
	}
)

// encode returns the stored form.
func (b Body) encode() ([]byte, error) {
	stored := storedBody{Count: b.Count}
	for _, d := range b.Differences {
		stored.Differences = append(stored.Differences, storedDifference{d.Kind, d.Order.String(), d.Day.String(), d.Ours, d.Theirs, d.Currency, d.Reference})
	}
	for _, i := range b.Carried {
		stored.Carried = append(stored.Carried, storedItem{i.Order.String(), i.Day.String(), i.Ours, i.Amount, i.Currency, i.Reference, i.Forgone})
	}
	text, err := json.Marshal(stored)
	if err != nil {
		return nil, fmt.Errorf("encode comparison: %w", err)
	}
	return text, nil
}

// ReadBody reads the stored form; of a comparison that waits there is none yet. Error: ErrBody.
func ReadBody(text []byte) (Body, error) {
	if len(text) == 0 {
		return Body{}, nil
	}
	var stored storedBody
	if err := json.Unmarshal(text, &stored); err != nil {
		return Body{}, fmt.Errorf("%w: %w", ErrBody, err)
	}
	b := Body{Count: stored.Count}
	for _, d := range stored.Differences {
		order, day, err := parse(d.Order, d.Day)
		if err != nil {
			return Body{}, err
		}
		b.Differences = append(b.Differences, Difference{d.Kind, order, day, d.Ours, d.Theirs, d.Currency, d.Reference})
	}
	for _, i := range stored.Carried {
		order, day, err := parse(i.Order, i.Day)
		if err != nil {
			return Body{}, err
		}
		b.Carried = append(b.Carried, Item{order, day, i.Ours, i.Amount, i.Currency, i.Reference, i.Forgone})
	}
	return b, nil
}

func parse(order, day string) (operator.OrderID, operator.Day, error) {
	id, err := operator.ParseOrderID(order)
	if err != nil {
		return operator.OrderID{}, 0, fmt.Errorf("%w: %w", ErrBody, err)
	}
	of, err := operator.ParseDay(day)
	if err != nil {
		return operator.OrderID{}, 0, fmt.Errorf("%w: %w", ErrBody, err)
	}
	return id, of, nil
}
