package jsonhttps

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/profile"
)

// signedFor is how long a signed request may wait before it leaves; later it is signed anew, since operators refuse
// requests whose time is too far off. The narrowest window in use is a minute.
const signedFor = 10 * time.Second

// signed is a request with its signature, ready to be written: before its payment is durable it has nothing else to do.
type signed struct {
	operation, path string
	body            []byte
	stamp           profile.Stamp
	seal            profile.Seal
	wire            []byte // the whole of it as HTTP
}

// sign draws a stamp, seals a request and encodes it. The signature is not checked: an operator that refuses a wrong one has not looked
// at the request, which ends a code's sale without money, and is asked again of everything else under a signature of its
// own. Error: *operator.NotSentError.
func (c *Connector) sign(operation, path string, body []byte) (signed, error) {
	stamp, err := c.stamp()
	if err != nil {
		return signed{}, &operator.NotSentError{Operation: operation, Cause: err}
	}
	seal, err := c.sealer.Seal(stamp.SignedRequest(path, body))
	if err != nil {
		return signed{}, &operator.NotSentError{Operation: operation, Cause: fmt.Errorf("sign request: %w", err)}
	}
	s := signed{operation: operation, path: path, body: body, stamp: stamp, seal: seal}
	if s.wire, err = c.encode(s); err != nil {
		return signed{}, &operator.NotSentError{Operation: operation, Cause: err}
	}
	return s, nil
}

// prepared is a payment's request, signed.
type prepared struct {
	connector *Connector
	request   operator.Request
	signed    signed
}

var _ operator.Prepared = (*prepared)(nil)

func (c *Connector) prepare(operation, path string, request operator.Request) (*prepared, error) {
	body, err := profile.EncodeRequest(request)
	if err != nil {
		return nil, &operator.NotSentError{Operation: operation, Cause: err}
	}
	signed, err := c.sign(operation, path, body)
	if err != nil {
		return nil, err
	}
	return &prepared{connector: c, request: request, signed: signed}, nil
}

// Send lets the request leave.
func (p *prepared) Send(ctx context.Context) (operator.Answer, error) {
	c, s := p.connector, p.signed
	if age := c.config.Now().Sub(time.UnixMilli(s.stamp.Millis)); age > signedFor || age < -signedFor {
		clear(s.wire)
		var err error
		if s, err = c.sign(s.operation, s.path, s.body); err != nil {
			return operator.Answer{}, err
		}
	}
	reply, err := c.call(ctx, s)
	if err != nil {
		return operator.Answer{}, err
	}
	if reply.status != http.StatusOK {
		return c.refused(s.operation, p.request, reply)
	}
	return reply.answer(s.operation, p.request.OrderID)
}

// refused turns a signed refusal into a definite decline where it says that nothing happened and no other copy of the
// request was or will be sent: that of a scanned or shown code is sent once. A tap is not over by that: its money has left
// the card, it is presented until its operator has looked at it, and a copy before this one may have been carried out.
func (c *Connector) refused(operation string, request operator.Request, reply reply) (operator.Answer, error) {
	unknown := reply.refusal(operation)
	if reply.status >= http.StatusInternalServerError || !profile.NeverProcessed(unknown.Code) ||
		request.Method == operator.MethodTap {
		return operator.Answer{}, unknown
	}
	reason := operator.ReasonInvalidRequest
	if unknown.Code == profile.CodeUnknownMerchant {
		reason = operator.ReasonTerminalNotAllowed
	}
	return operator.Answer{OrderID: request.OrderID, Status: operator.StatusDeclined, Reason: reason, Amount: request.Amount,
		Currency: request.Currency, At: time.UnixMilli(reply.millis).UTC()}, nil
}
