package station

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"strings"

	"github.com/yuantill/yuantill/agent/catalogue"
)

// guard lets in only what was meant for this till. A web page that somebody opens in a browser on the till can send
// requests to loopback: the Host check stops names that were pointed here (DNS rebinding), the cross-origin check stops
// pages of other sites.
type guard struct {
	hosts map[string]bool // names and addresses of this till, lower case, without port
	token [sha256.Size]byte
	open  bool // no token is asked for
	cross *http.CrossOriginProtection
}

// newGuard takes the address that the station listens on and the token, which may be empty.
func newGuard(listenHost, token string) guard {
	hosts := map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true}
	hosts[strings.ToLower(listenHost)] = true
	g := guard{hosts: hosts, token: sha256.Sum256([]byte(token)), open: token == "", cross: http.NewCrossOriginProtection()}
	g.cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		newProblem(catalogue.RefuseOrigin, Words{}).write(w)
	}))
	return g
}

// wrap guards a handler. The liveness probe needs no token.
func (g guard) wrap(next http.Handler) http.Handler {
	inside := g.cross.Handler(wholeBody(next))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if phrase := g.refuses(r); phrase != catalogue.None {
			newProblem(phrase, Words{}).write(w)
			return
		}
		inside.ServeHTTP(w, r)
	})
}

// refuses names why the request is not let in.
func (g guard) refuses(r *http.Request) catalogue.Phrase {
	switch {
	case !g.hosts[hostOf(r.Host)]:
		return catalogue.RefuseHost
	case !g.sameSite(r):
		return catalogue.RefuseOrigin
	case r.URL.Path != pathLive && !g.authorised(r):
		return catalogue.RefuseToken
	default:
		return catalogue.None
	}
}

// sameSite refuses reading too: an event stream that a foreign page opens costs one of few places.
func (g guard) sameSite(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	_, host, found := strings.Cut(origin, "://")
	return found && strings.EqualFold(host, r.Host)
}

func (g guard) authorised(r *http.Request) bool {
	if g.open {
		return true
	}
	token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	sum := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1 && found
}

// hostOf is a Host header without its port, lower case.
func hostOf(header string) string {
	host, _, err := net.SplitHostPort(header)
	if err != nil {
		host = strings.Trim(header, "[]")
	}
	return strings.ToLower(host)
}
