package operator

import "fmt"

// NotSentError says that a request certainly never left this machine: nothing happened at the operator because of it,
// and a back-up operator may be asked.
type NotSentError struct {
	Operation string // such as "authorise"
	Cause     error
}

// Error returns "operation: not sent: cause".
func (e *NotSentError) Error() string { return fmt.Sprintf("%s: not sent: %v", e.Operation, e.Cause) }

// Unwrap returns the cause.
func (e *NotSentError) Unwrap() error { return e.Cause }

// UnknownOutcomeError says that the operator may or may not have acted on a request.
type UnknownOutcomeError struct {
	Operation string
	// HTTPStatus is the answer's status where there was an answer, else 0.
	HTTPStatus int
	// Code is the operator's error code where it gave one, such as "order_conflict".
	Code  string
	Cause error
}

// Error returns "operation: outcome unknown: details".
func (e *UnknownOutcomeError) Error() string {
	text := e.Operation + ": outcome unknown"
	if e.HTTPStatus != 0 {
		text += fmt.Sprintf(": status %d", e.HTTPStatus)
	}
	if e.Code != "" {
		text += ": " + e.Code
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *UnknownOutcomeError) Unwrap() error { return e.Cause }
