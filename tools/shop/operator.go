package shop

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"

	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
	"github.com/yuantill/yuantill/tools/fakeoperator/front"
)

// answerMax bounds what is read of an answer: a statement of a million orders.
const answerMax = 512 << 20

// Operator is the simulated operator's admin listener.
type Operator struct{ base string }

// Address is where the admin listener listens.
func (o Operator) Address() string { return o.base }

// AddRule adds a personality.
func (o Operator) AddRule(ctx context.Context, rule bank.Rule) error {
	return call(ctx, http.MethodPost, o.base+"/rules", rule, nil)
}

// ClearRules makes the operator honest again.
func (o Operator) ClearRules(ctx context.Context) error {
	return call(ctx, http.MethodDelete, o.base+"/rules", nil, nil)
}

// PayShown has a customer pay a shown code, each code another customer.
func (o Operator) PayShown(ctx context.Context, code string) error {
	const wallets = 1_000_000_000_000
	named := fnv.New64a()
	named.Write([]byte(code)) // never an error
	wallet := fmt.Sprintf("0012%012d", named.Sum64()%wallets)
	return call(ctx, http.MethodPost, o.base+"/pay", map[string]string{"shown_code": code, "wallet": wallet}, nil)
}

// Books returns the operator's own books.
func (o Operator) Books(ctx context.Context) (bank.Books, error) {
	var books bank.Books
	err := call(ctx, http.MethodGet, o.base+"/books", nil, &books)
	return books, err
}

// Moments returns when the latest payments were asked for and answered.
func (o Operator) Moments(ctx context.Context) ([]front.Moment, error) {
	var moments []front.Moment
	err := call(ctx, http.MethodGet, o.base+"/moments", nil, &moments)
	return moments, err
}

// call sends and receives JSON; body and answer may be nil.
func call(ctx context.Context, method, url string, body, answer any) error {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, url, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, answerMax))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, url, err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %s: %s", method, url, response.Status, bytes.TrimSpace(text))
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("read answer of %s: %w", url, err)
	}
	return nil
}

// Verify plays the customer who is asked to prove who they are: answer is "right", "wrong" or "leave".
func (o Operator) Verify(ctx context.Context, order string, amount int64, answer string) error {
	return call(ctx, http.MethodPost, o.base+"/verify",
		map[string]any{"order": order, "amount": amount, "factor": "password", "answer": answer}, nil)
}
