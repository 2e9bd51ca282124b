package jsonhttps

import (
	"context"
	"errors"
	"net/http"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/profile"
)

// ErrAnswerPage says that another page of a statement came than was asked for.
var ErrAnswerPage = errors.New("jsonhttps: answer is another page")

var _ operator.StatementReader = (*Connector)(nil)

// StatementPage asks for one page of a day's statement.
func (c *Connector) StatementPage(ctx context.Context, request operator.StatementRequest) (operator.StatementPage, error) {
	const operation = "statement"
	body, err := profile.EncodeStatementRequest(request)
	if err != nil {
		return operator.StatementPage{}, &operator.NotSentError{Operation: operation, Cause: err}
	}
	signed, err := c.sign(operation, profile.PathStatement, body)
	if err != nil {
		return operator.StatementPage{}, err
	}
	reply, err := c.call(ctx, signed)
	if err != nil {
		return operator.StatementPage{}, err
	}
	if reply.status != http.StatusOK {
		return operator.StatementPage{}, reply.refusal(operation)
	}
	page, err := profile.DecodeStatementPage(reply.body)
	if err == nil && page.StatementRequest != request {
		err = ErrAnswerPage
	}
	if err != nil {
		return operator.StatementPage{}, &operator.UnknownOutcomeError{Operation: operation, HTTPStatus: reply.status, Cause: err}
	}
	return page, nil
}
