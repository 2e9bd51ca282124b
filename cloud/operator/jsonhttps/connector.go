// Package jsonhttps speaks our published operator profile (../API.md): calls enter as structs, go out as SM2-signed JSON
// over TLS 1.3, and come back as answers whose signatures were checked.
package jsonhttps

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/profile"
)

// defaultTolerance is the clock difference accepted where Config names none.
const defaultTolerance = time.Minute

// Connector reaches one operator. It is safe for concurrent use.
type Connector struct {
	config    Config
	base      *url.URL
	lines     *lines
	tolerance time.Duration
	sealer    *profile.Sealer
	unsealer  *profile.Unsealer
	random    sync.Mutex
}

var (
	_ operator.Connector  = (*Connector)(nil)
	_ operator.CodeIssuer = (*Connector)(nil)
	_ operator.Preparer   = (*Connector)(nil)
	_ operator.Refunder   = (*Connector)(nil)
	_ operator.Holder     = (*Connector)(nil)
)

// New checks config and returns a connector; it opens no connection. Error: ErrConfig.
func New(config Config) (*Connector, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	base, err := url.Parse(config.URL)
	if err != nil {
		return nil, fmt.Errorf("%w: URL", ErrConfig)
	}
	connector := &Connector{config: config, base: base, tolerance: config.ClockTolerance,
		sealer: profile.NewSealer(config.Signer, config.Now), unsealer: profile.NewUnsealer(config.Verifier)}
	if connector.tolerance == 0 {
		connector.tolerance = defaultTolerance
	}
	port := base.Port()
	if port == "" {
		port = "443"
	}
	connector.lines = newLines(net.JoinHostPort(base.Hostname(), port), config.tlsConfig(base.Hostname()))
	return connector, nil
}

// Close closes the idle connections; no further call is sent. Calls in flight go on to their end.
func (c *Connector) Close() error {
	c.lines.close()
	return nil
}

// Authorise asks for the money of a scanned code or a tapped card.
func (c *Connector) Authorise(ctx context.Context, request operator.Request) (operator.Answer, error) {
	return c.pay(ctx, "authorise", profile.PathAuthorise, request)
}

// Prepare encodes and signs an Authorise.
func (c *Connector) Prepare(request operator.Request) (operator.Prepared, error) {
	return c.prepare("authorise", profile.PathAuthorise, request)
}

// Order opens an order for a merchant-shown code.
func (c *Connector) Order(ctx context.Context, request operator.Request) (operator.Answer, error) {
	return c.pay(ctx, "order", profile.PathOrder, request)
}

// Query asks what became of an order.
func (c *Connector) Query(ctx context.Context, inquiry operator.Inquiry) (operator.Answer, error) {
	return c.inquire(ctx, "query", profile.PathQuery, inquiry)
}

// Reverse takes an order back.
func (c *Connector) Reverse(ctx context.Context, inquiry operator.Inquiry) (operator.Answer, error) {
	return c.inquire(ctx, "reverse", profile.PathReverse, inquiry)
}

// Refund sends an order's money back.
func (c *Connector) Refund(ctx context.Context, inquiry operator.Inquiry) (operator.Answer, error) {
	return c.inquire(ctx, "refund", profile.PathRefund, inquiry)
}

// Hold asks for an amount to be held.
func (c *Connector) Hold(ctx context.Context, request operator.Request) (operator.Answer, error) {
	if request.Hold = true; request.Method == operator.MethodShown {
		return c.Order(ctx, request)
	}
	return c.Authorise(ctx, request)
}

// FollowUp carries out what follows an approval. Every refusal of a call leaves its outcome unknown: an earlier copy of it
// may have been carried out.
func (c *Connector) FollowUp(ctx context.Context, request operator.FollowUp) (operator.FollowUpAnswer, error) {
	const operation = "follow_up"
	body, err := profile.EncodeFollowUp(request)
	if err != nil {
		return operator.FollowUpAnswer{}, &operator.NotSentError{Operation: operation, Cause: err}
	}
	signed, err := c.sign(operation, profile.PathFollowUp, body)
	if err != nil {
		return operator.FollowUpAnswer{}, err
	}
	reply, err := c.call(ctx, signed)
	if err != nil {
		return operator.FollowUpAnswer{}, err
	}
	if reply.status != http.StatusOK {
		return operator.FollowUpAnswer{}, reply.refusal(operation)
	}
	answer, err := profile.DecodeFollowUpAnswer(reply.body, reply.millis)
	if err == nil && (answer.ID != request.ID || answer.OrderID != request.OrderID) {
		err = ErrAnswerOrder
	}
	if err != nil {
		return operator.FollowUpAnswer{}, &operator.UnknownOutcomeError{Operation: operation, HTTPStatus: reply.status, Cause: err}
	}
	return answer, nil
}

func (c *Connector) pay(ctx context.Context, operation, path string, request operator.Request) (operator.Answer, error) {
	prepared, err := c.prepare(operation, path, request)
	if err != nil {
		return operator.Answer{}, err
	}
	return prepared.Send(ctx)
}

func (c *Connector) inquire(ctx context.Context, operation, path string, inquiry operator.Inquiry) (operator.Answer, error) {
	body, err := profile.EncodeInquiry(inquiry)
	if err != nil {
		return operator.Answer{}, &operator.NotSentError{Operation: operation, Cause: err}
	}
	signed, err := c.sign(operation, path, body)
	if err != nil {
		return operator.Answer{}, err
	}
	reply, err := c.call(ctx, signed)
	if err != nil {
		return operator.Answer{}, err
	}
	if reply.status != http.StatusOK {
		return operator.Answer{}, reply.refusal(operation)
	}
	return reply.answer(operation, inquiry.OrderID)
}

// stamp draws request id and nonce.
func (c *Connector) stamp() (profile.Stamp, error) {
	var raw [32]byte
	c.random.Lock()
	_, err := io.ReadFull(c.config.Random, raw[:])
	c.random.Unlock()
	if err != nil {
		return profile.Stamp{}, fmt.Errorf("draw nonce: %w", err)
	}
	text := hex.EncodeToString(raw[:])
	return profile.Stamp{Client: c.config.Client, Key: c.config.Key, Request: text[:32], Nonce: text[32:],
		Millis: c.config.Now().UnixMilli()}, nil
}
