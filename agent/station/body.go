package station

import (
	"bytes"
	"encoding/json"
	"errors"
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
			newProblem(catalogue.RefuseTooLarge, catalogue.BodyMost(bodyMax)).write(w)
			return
		case err != nil:
			invalid(http.StatusBadRequest, catalogue.BodyBroke(), nil).write(w)
			return
		}
		if found := checkKeys(body); found != nil {
			invalid(http.StatusUnprocessableEntity, Words{}, found).write(w)
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
func checkKeys(body []byte) mistakes {
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
		if found := open[len(open)-1].take(token); found != nil {
			return found
		}
	}
}

// take notes a token that stands directly in the object; an object or array within it counts when it has ended.
func (o *object) take(token json.Token) mistakes {
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
			var found mistakes
			found.add(atBody+"."+key[:min(len(key), keyShown)], catalogue.FieldTwice())
			return found
		}
	}
	if len(o.keys) == keysMax {
		var found mistakes
		found.add(atBody, catalogue.FieldsMost(keysMax))
		return found
	}
	o.keys, o.value = append(o.keys, key), true
	return nil
}
