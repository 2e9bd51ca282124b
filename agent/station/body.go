package station

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/yuantill/yuantill/agent/catalogue"
)

const (
	// keysMax bounds the keys of one JSON object; no request has as many.
	keysMax = 32
	// keyShown is how much of a client's key an answer repeats, in bytes.
	keyShown = 40
)

// wholeBody reads an intent's body, at most bodyMax bytes, before anybody acts on it, and refuses one that two readers
// could understand differently.
func wholeBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyMax))
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			newProblem(catalogue.RefuseTooLarge, "").write(w)
			return
		case err != nil:
			problem := newProblem(catalogue.RefuseInvalid, "the body broke off")
			problem.Status = http.StatusBadRequest
			problem.write(w)
			return
		}
		if err := checkKeys(body); err != nil {
			newProblem(catalogue.RefuseInvalid, err.Error()).write(w)
			return
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		next.ServeHTTP(w, r)
	})
}

// object is the object or array that the scan stands in.
type object struct {
	array bool
	value bool // a value comes next, and not a key
	keys  []string
}

// checkKeys refuses a key that stands twice in one JSON object: one program takes the first value, another the last, and
// the amount that was meant is anybody's guess. What is not JSON passes: decoding says more about it.
func checkKeys(body []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	var open []object // never deeper than the body is long
	for {
		token, err := decoder.Token()
		if err != nil {
			return nil
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			open = append(open, object{array: token == json.Delim('[')})
			continue
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
		if len(open) == 0 {
			return nil
		}
		if err := open[len(open)-1].take(token); err != nil {
			return err
		}
	}
}

// take notes a token that stands directly in the object; an object or array within it counts when it has ended.
func (o *object) take(token json.Token) error {
	if o.array {
		return nil
	}
	key, isKey := token.(string)
	if o.value || !isKey {
		o.value = false
		return nil
	}
	for _, before := range o.keys {
		if strings.EqualFold(before, key) { // as decoding compares them
			return fmt.Errorf("key %q stands twice", key[:min(len(key), keyShown)])
		}
	}
	if len(o.keys) == keysMax {
		return fmt.Errorf("more than %d keys in one object", keysMax)
	}
	o.keys, o.value = append(o.keys, key), true
	return nil
}
