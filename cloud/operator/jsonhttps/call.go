package jsonhttps

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/profile"
)

// The causes inside an operator.UnknownOutcomeError that are not the network's.
var (
	ErrAnswerSignature = errors.New("jsonhttps: answer's signature is wrong")
	ErrAnswerTime      = errors.New("jsonhttps: answer's time is too far off")
	ErrAnswerOrder     = errors.New("jsonhttps: answer is about another order")
	ErrAnswerTooLong   = errors.New("jsonhttps: answer is too long")
)

// requestSize is how long a request is but for its body, or a little less: one that grows leaves a copy behind.
const requestSize = 1 << 10

// reply is an authenticated response.
type reply struct {
	status int
	millis int64
	body   []byte
}

// call sends a signed request once, erases it, since it may hold a customer's code, and returns the authenticated response. Errors: *operator.NotSentError,
// *operator.UnknownOutcomeError.
func (c *Connector) call(ctx context.Context, s signed) (reply, error) {
	l, err := c.lines.take(ctx)
	if err != nil {
		return reply{}, &operator.NotSentError{Operation: s.operation, Cause: err}
	}
	again := true
	defer func() {
		clear(s.body)
		clear(s.wire)
		c.lines.give(l, again)
	}()
	if ctx.Err() != nil {
		return reply{}, &operator.NotSentError{Operation: s.operation, Cause: context.Cause(ctx)}
	}
	var got received
	if got, again, err = l.exchange(ctx, s.wire); err == nil {
		var answer reply
		if answer, err = c.read(got, s.stamp); err == nil {
			return answer, nil
		}
	}
	return reply{}, &operator.UnknownOutcomeError{Operation: s.operation, HTTPStatus: got.status, Cause: err}
}

// encode makes the bytes of a request.
func (c *Connector) encode(s signed) ([]byte, error) {
	request := &http.Request{
		Method:        http.MethodPost,
		URL:           &url.URL{Scheme: "https", Host: c.base.Host, Path: s.path},
		Host:          c.base.Host,
		Header:        make(http.Header, 8),
		Body:          io.NopCloser(bytes.NewReader(s.body)),
		ContentLength: int64(len(s.body)),
	}
	request.Header["Content-Type"] = []string{"application/json"}
	// An empty value keeps net/http from sending a User-Agent that nobody reads.
	request.Header["User-Agent"] = []string{""}
	s.stamp.SetHeader(request.Header, s.seal)
	var wire bytes.Buffer
	wire.Grow(requestSize + len(s.body))
	if err := request.Write(&wire); err != nil {
		return nil, fmt.Errorf("encode request: %w", err)
	}
	return wire.Bytes(), nil
}

// read checks signature and time.
func (c *Connector) read(got received, stamp profile.Stamp) (reply, error) {
	millis, seal, err := profile.ParseAnswerHeader(got.header)
	if err != nil {
		return reply{}, err
	}
	if !c.unsealer.Good(stamp.SignedAnswer(got.status, millis, got.body), seal) {
		return reply{}, ErrAnswerSignature
	}
	if difference := c.config.Now().Sub(time.UnixMilli(millis)); difference > c.tolerance || difference < -c.tolerance {
		return reply{}, fmt.Errorf("%w: %s", ErrAnswerTime, difference)
	}
	return reply{status: got.status, millis: millis, body: got.body}, nil
}

// answer reads a response of status 200.
func (r reply) answer(operation string, id operator.OrderID) (operator.Answer, error) {
	answer, err := profile.DecodeAnswer(r.body, r.millis)
	if err == nil && answer.OrderID != id {
		err = ErrAnswerOrder
	}
	if err != nil {
		return operator.Answer{}, &operator.UnknownOutcomeError{Operation: operation, HTTPStatus: r.status, Cause: err}
	}
	return answer, nil
}

// refusal reads a response of any other status.
func (r reply) refusal(operation string) *operator.UnknownOutcomeError {
	unknown := &operator.UnknownOutcomeError{Operation: operation, HTTPStatus: r.status}
	wire, err := profile.DecodeError(r.body)
	if err != nil {
		unknown.Cause = err
		return unknown
	}
	unknown.Code = wire.Code
	return unknown
}
