package jsonhttps

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
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

// reply is an authenticated response.
type reply struct {
	status int
	millis int64
	body   []byte
}

// call sends a signed request once and returns the authenticated response. Errors: *operator.NotSentError,
// *operator.UnknownOutcomeError.
func (c *Connector) call(ctx context.Context, s signed) (reply, error) {
	var way passage
	request := c.newRequest(httptrace.WithClientTrace(ctx, way.trace()), s.path, s.body)
	s.stamp.SetHeader(request.Header, s.seal)
	// The transport is used without http.Client: there are no cookies or redirects to follow, and it costs less.
	response, err := c.transport.RoundTrip(request)
	if err != nil {
		if way.neverSent() {
			return reply{}, &operator.NotSentError{Operation: s.operation, Cause: err}
		}
		return reply{}, &operator.UnknownOutcomeError{Operation: s.operation, Cause: err}
	}
	got, err := c.read(response, s.stamp)
	if err != nil {
		return reply{}, &operator.UnknownOutcomeError{Operation: s.operation, HTTPStatus: response.StatusCode, Cause: err}
	}
	return got, nil
}

// newRequest leaves GetBody nil: without it net/http cannot send a request a second time, whatever happened to the
// connection (see Transport's rules on replaying; an Idempotency-Key header would bring them back).
func (c *Connector) newRequest(ctx context.Context, path string, body []byte) *http.Request {
	request := &http.Request{
		Method:        http.MethodPost,
		URL:           &url.URL{Scheme: "https", Host: c.base.Host, Path: path},
		Host:          c.base.Host,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        make(http.Header, 8),
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
	}
	request.Header["Content-Type"] = []string{"application/json"}
	// An empty value keeps net/http from sending a User-Agent that nobody reads.
	request.Header["User-Agent"] = []string{""}
	return request.WithContext(ctx)
}

// read takes the whole body, so that the connection can be used again, and checks signature and time.
func (c *Connector) read(response *http.Response, stamp profile.Stamp) (reply, error) {
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, profile.BodyMax+1))
	if err != nil {
		return reply{}, fmt.Errorf("read answer: %w", err)
	}
	if len(body) > profile.BodyMax {
		return reply{}, ErrAnswerTooLong
	}
	millis, seal, err := profile.ParseAnswerHeader(response.Header)
	if err != nil {
		return reply{}, err
	}
	if !c.unsealer.Good(stamp.SignedAnswer(response.StatusCode, millis, body), seal) {
		return reply{}, ErrAnswerSignature
	}
	if difference := c.config.Now().Sub(time.UnixMilli(millis)); difference > c.tolerance || difference < -c.tolerance {
		return reply{}, fmt.Errorf("%w: %s", ErrAnswerTime, difference)
	}
	return reply{status: response.StatusCode, millis: millis, body: body}, nil
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
