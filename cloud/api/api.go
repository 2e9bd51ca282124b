// Package api is the cloud over HTTP: health, metrics, the operator's view of payments, terminals, books and alarms
// (JSON, OpenAPI 3.1 at /openapi.json), and the public page that says what a receipt is worth. Requests come in; nothing
// here changes money.
package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/yuantill/yuantill/cloud/alarm"
	"github.com/yuantill/yuantill/cloud/ledger"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

// answerTimeout bounds the work for one request.
const answerTimeout = 10 * time.Second

// Books checks the ledger; ledger.Checker does.
type Books interface {
	Check(ctx context.Context) (ledger.Report, error)
	Recheck(ctx context.Context) (ledger.Report, error)
	Latest() ledger.Report
}

// Store is what the API reads, and where it settles alarms.
type Store interface {
	store.DirectoryReader
	store.OverviewReader
	store.ShiftReader
	store.ReconciliationReader
	alarm.Store
	Payment(ctx context.Context, order store.OrderID) (store.Payment, error)
	Head(ctx context.Context, terminal record.Terminal) (store.Head, error)
}

// Config is what the API works with.
type Config struct {
	Store    Store
	Books    Books
	Metrics  prometheus.Gatherer
	Ready    func(ctx context.Context) error // nil when the process can do its work
	Token    string                          // for everything but health and receipts; empty only on loopback
	Registry Names
	Version  string
	Logger   *slog.Logger
	// Profiling serves Go's profiles under /debug/pprof/, guarded like everything else.
	Profiling bool
}

// Names gives operators' names; registry.Registry does through a small adapter.
type Names func(code string) string

var errConfig = errors.New("api: incomplete configuration")

// New returns the handler of everything.
func New(config Config) (http.Handler, error) {
	if config.Store == nil || config.Books == nil || config.Metrics == nil || config.Ready == nil || config.Logger == nil ||
		config.Registry == nil {
		return nil, errConfig
	}
	mux := http.NewServeMux()
	description := huma.DefaultConfig("yuantill cloud", config.Version)
	description.DocsPath = "" // the documentation page would load scripts from elsewhere
	a := &api{Config: config}
	a.routes(humago.New(mux, description))
	outer := http.NewServeMux()
	outer.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, "ok\n") })
	outer.HandleFunc("GET /readyz", a.ready)
	outer.Handle("GET /r/{token}", a.receipts())
	outer.Handle("GET /metrics", a.guard(promhttp.HandlerFor(config.Metrics, promhttp.HandlerOpts{})))
	nothing := missing(outer, mux)
	outer.Handle("/", a.guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !routed(mux, r) {
			nothing.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})))
	bounded := timedOut(outer)
	if !config.Profiling {
		return bounded, nil
	}
	// A profile takes as long as it is told to.
	unbounded := http.NewServeMux()
	unbounded.Handle("/", bounded)
	unbounded.Handle("/debug/pprof/", a.guard(http.HandlerFunc(pprof.Index)))
	unbounded.Handle("/debug/pprof/profile", a.guard(http.HandlerFunc(pprof.Profile)))
	return unbounded, nil
}

type api struct{ Config }

func (a *api) ready(w http.ResponseWriter, r *http.Request) {
	if err := a.Ready(r.Context()); err != nil {
		a.Logger.LogAttrs(r.Context(), slog.LevelWarn, "not ready", slog.Any("cause", err))
		writeText(w, http.StatusServiceUnavailable, "not ready: "+reason(err)+"\n")
		return
	}
	writeText(w, http.StatusOK, "ready\n")
}

// reason is what anybody may read of why the process cannot do its work; the log has the rest.
func reason(err error) string {
	switch {
	case errors.Is(err, store.ErrFull):
		return "磁盘没有空间，请清理 · the disk has no room, free some"
	case errors.Is(err, store.ErrFailed):
		return "存储出错，请查看磁盘后重启 · the store failed, look at the disk and start again"
	default:
		return "原因见日志 · see the log for why"
	}
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // the client has gone; nobody is left to tell
}

// guard asks for the token. Without one it answers loopback names only, so that a web page cannot reach it by a name
// that was pointed here. In both cases it refuses what a browser sends for a page of another site.
func (a *api) guard(next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(a.Token))
	crossOrigin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The protection lets every GET pass, as harmless; here a GET can cost a scan of the books.
		asked := *r
		asked.Method = http.MethodPost
		if crossOrigin.Check(&asked) != nil || a.Token == "" && !isLoopback(r.Host) {
			writeProblem(w, http.StatusForbidden, "只接受本机名称，且不接受其他网站的请求 · only names of this machine, and no requests of other sites")
			return
		}
		if a.Token == "" {
			next.ServeHTTP(w, r)
			return
		}
		token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		got := sha256.Sum256([]byte(token))
		if !found || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			writeProblem(w, http.StatusUnauthorized, "访问令牌缺失或错误 · the access token is missing or wrong: Authorization: Bearer ...")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address := net.ParseIP(host)
	return address != nil && address.IsLoopback()
}
