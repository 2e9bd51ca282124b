// Package stationclient speaks to the agent's station on loopback: intents and questions come in, sales, status and a
// stream of snapshots leave. The words are package station's.
package stationclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/yuantill/yuantill/agent/station"
)

// Bounds of one call.
const (
	callTimeout   = 10 * time.Second
	answerSizeMax = 1 << 20
)

// The words of the station.
type (
	Sale   = station.Sale
	Status = station.Status
	Uplink = station.UplinkStatus
	Device = station.Device
	Words  = station.Words
	Start  = station.StartBody
	Shift  = station.Shift
	// Reprint is what became of copies that were asked for again.
	Reprint = station.Reprint
)

// The errors of this package.
var (
	// ErrAddress marks a station address that is not http://host:port.
	ErrAddress = errors.New("stationclient: address is not http://host:port")
	// ErrAnswer marks an answer that is not the station's: another program listens there, or another version.
	ErrAnswer = errors.New("stationclient: answer is not a station's")
)

// UnreachableError says that no answer came that tells what happened.
type UnreachableError struct {
	// Sent is set when the request may have arrived: its effect is not known.
	Sent  bool
	Cause error
}

// Error implements error.
func (e *UnreachableError) Error() string { return fmt.Sprintf("reach station: %v", e.Cause) }

// Unwrap returns the cause.
func (e *UnreachableError) Unwrap() error { return e.Cause }

// RefusedError is the station's no: nothing happened.
type RefusedError struct {
	StatusCode int
	// Text is why, Next what to do; Next may be empty.
	Text, Next Words
	// Sale is the sale that stands in the way, if one does.
	Sale string
	// Detail is for the log, in English: what no word for people says. It may be empty.
	Detail string
}

// Error implements error.
func (e *RefusedError) Error() string {
	text := fmt.Sprintf("station refused (%d): %s", e.StatusCode, e.Text.English)
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// Client calls one station.
type Client struct {
	base   string
	token  string
	client *http.Client
}

// New returns a client of the station at base, such as "http://127.0.0.1:7400"; token may be empty. It returns
// ErrAddress.
func New(base, token string) (*Client, error) {
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" || !isHostPort(u.Host) || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("%w: %q", ErrAddress, base)
	}
	// The station is on this machine: a proxy from the environment has no business here.
	transport := &http.Transport{Proxy: nil, ResponseHeaderTimeout: callTimeout}
	return &Client{base: "http://" + u.Host, token: token, client: &http.Client{Transport: transport}}, nil
}

// isHostPort reports a host with a port that can be called; the station has no usual one.
func isHostPort(text string) bool {
	host, port, err := net.SplitHostPort(text)
	number, notNumber := strconv.ParseUint(port, 10, 16)
	return err == nil && host != "" && notNumber == nil && number > 0
}

// Address returns the station's address.
func (c *Client) Address() string { return c.base }

// Status returns how the till is.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var status Status
	err := c.call(ctx, http.MethodGet, "/v1/status", "", nil, &status)
	return status, err
}

// Start begins a sale, or returns the one that the same key began before.
func (c *Client) Start(ctx context.Context, key string, start Start) (Sale, error) {
	var sale Sale
	err := c.call(ctx, http.MethodPost, "/v1/sales", key, start, &sale)
	return sale, err
}

// Sale returns a sale.
func (c *Client) Sale(ctx context.Context, id string) (Sale, error) {
	var sale Sale
	err := c.call(ctx, http.MethodGet, "/v1/sales/"+url.PathEscape(id), "", nil, &sale)
	return sale, err
}

// Cancel asks for a sale to end because a cashier wants it to: before a payment at once, afterwards by taking it back.
func (c *Client) Cancel(ctx context.Context, key, id, cashier string) (Sale, error) {
	return c.press(ctx, key, id, "cancel", station.CancelBody{Cashier: cashier})
}

// TimeOut asks for the same because the customer was waited for long enough.
func (c *Client) TimeOut(ctx context.Context, key, id string) (Sale, error) {
	return c.press(ctx, key, id, "cancel", station.CancelBody{Reason: "timeout"})
}

// ShowCode asks for our code to be shown for the customer to scan.
func (c *Client) ShowCode(ctx context.Context, key, id string) (Sale, error) {
	return c.press(ctx, key, id, "show-code", nil)
}

// Reprint asks for copies, "merchant" or "customer", to be printed once more: the customer's when none is named.
func (c *Client) Reprint(ctx context.Context, key, id string, copies ...string) (Sale, error) {
	return c.press(ctx, key, id, "reprint", station.ReprintBody{Copies: copies})
}

// Accept says what has become of the shop's order that a sale pays for.
func (c *Client) Accept(ctx context.Context, key, id string, said station.AcceptanceBody) (Sale, error) {
	return c.press(ctx, key, id, "acceptance", said)
}

func (c *Client) press(ctx context.Context, key, id, intent string, body any) (Sale, error) {
	var sale Sale
	err := c.call(ctx, http.MethodPost, "/v1/sales/"+url.PathEscape(id)+"/"+intent, key, body, &sale)
	return sale, err
}

// call makes one request. Errors: *UnreachableError, *RefusedError, ErrAnswer.
func (c *Client) call(ctx context.Context, method, path, key string, body, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	response, err := c.send(ctx, method, path, key, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, answerSizeMax+1))
	switch {
	case err != nil:
		return &UnreachableError{Sent: true, Cause: fmt.Errorf("read answer: %w", err)}
	case len(text) > answerSizeMax:
		return fmt.Errorf("%w: longer than %d bytes", ErrAnswer, answerSizeMax)
	case response.StatusCode >= http.StatusBadRequest:
		return refused(response.StatusCode, text)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	return nil
}

func (c *Client) send(ctx context.Context, method, path, key string, body any) (*http.Response, error) {
	header := http.Header{}
	if body != nil {
		header.Set("Content-Type", "application/json")
	}
	if key != "" {
		header.Set("Idempotency-Key", key)
	}
	return c.do(ctx, method, path, header, body)
}

func (c *Client) do(ctx context.Context, method, path string, header http.Header, body any) (*http.Response, error) {
	sent := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent = true }})
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	request.Header = header
	request.Header.Set("Accept", "application/json, application/problem+json, text/event-stream")
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.client.Do(request)
	if err != nil {
		return nil, &UnreachableError{Sent: sent, Cause: errors.Unwrap(err)} // without the address twice
	}
	return response, nil
}

// refused reads the station's application/problem+json. An internal error says nothing of what was done before it.
func refused(code int, text []byte) error {
	var p station.Problem
	if err := json.Unmarshal(text, &p); err != nil || p.Title == "" {
		return fmt.Errorf("%w: status %d", ErrAnswer, code)
	}
	e := &RefusedError{StatusCode: code, Text: p.Text, Next: p.Next, Sale: p.Sale}
	if !strings.HasSuffix(p.Text.English, p.Detail) {
		e.Detail = p.Detail
	}
	if code == http.StatusInternalServerError {
		return &UnreachableError{Sent: true, Cause: e}
	}
	return e
}
