package command_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/tools/yuantill/command"
	"github.com/yuantill/yuantill/tools/yuantill/sitetest"
)

// interrupts is a keyboard: Ctrl-C so many times.
func interrupts(times int) chan os.Signal {
	c := make(chan os.Signal, times)
	for range times {
		c <- os.Interrupt
	}
	return c
}

func TestInterrupt(t *testing.T) {
	t.Run("the first asks to cancel and waits for the outcome", func(t *testing.T) {
		till := sitetest.NewTill(t, "")
		code, out, errors := run(t, command.Environment{Interrupts: interrupts(1)},
			"sale", "--station", till.URL, "--amount", "1", "--lang", "en")
		require.Equal(t, int(command.CodeAbandoned), code)
		require.Contains(t, errors, "asking to cancel")
		require.Contains(t, out, "Closed, no payment was asked for")
	})
	t.Run("the second leaves and says that the sale goes on", func(t *testing.T) {
		till := sitetest.NewTill(t, "")
		keyboard := make(chan os.Signal, 2)
		go func() {
			<-till.Started()
			till.Finish(checkout.Querying) // from here a cancellation is taking back, which does not end by itself
			keyboard <- os.Interrupt
			<-till.Pressed()
			keyboard <- os.Interrupt
		}()
		code, out, _ := run(t, command.Environment{Interrupts: keyboard},
			"sale", "--station", till.URL, "--amount", "1", "--lang", "en", "--key", "k")
		require.Equal(t, int(command.CodeUnknown), code)
		require.Contains(t, out, "Result not known, being taken back")
		require.Contains(t, out, "the outcome is not known yet, which is no failure")
		require.Contains(t, out, "--key k")
	})
	t.Run("the second leaves also an agent that is gone", func(t *testing.T) {
		till := sitetest.NewTill(t, "")
		url, watched, leave := leaving(t, till)
		keyboard := make(chan os.Signal, 2)
		go func() {
			<-watched // the sale is begun and was looked at
			leave()
			keyboard <- os.Interrupt
			keyboard <- os.Interrupt
		}()
		code, out, errors := run(t, command.Environment{Interrupts: keyboard},
			"sale", "--station", url, "--amount", "1", "--lang", "en", "--key", "k")
		require.Equal(t, int(command.CodeUnknown), code)
		require.Equal(t, 1, strings.Count(errors, "asking to cancel"), errors)
		require.Contains(t, out, "--key k", "how to look again")
	})
	t.Run("a cancellation that was lost is asked for again", func(t *testing.T) {
		till := sitetest.NewTill(t, "")
		keyboard := make(chan os.Signal, 1)
		url := cutting(t, till, 2) // the start's answer and the cancellation's
		go func() {
			<-till.Started()
			keyboard <- os.Interrupt
		}()
		code, _, errors := run(t, command.Environment{Interrupts: keyboard},
			"sale", "--station", url, "--amount", "1", "--lang", "en", "--key", "k")
		require.Equal(t, int(command.CodeAbandoned), code, errors)
	})
	t.Run("without --cancel it only leaves", func(t *testing.T) {
		till := sitetest.NewTill(t, "")
		code, _, errors := run(t, command.Environment{Interrupts: interrupts(1)},
			"sale", "--station", till.URL, "--amount", "1", "--lang", "en", "--cancel=false")
		require.Equal(t, int(command.CodeUnknown), code)
		require.Empty(t, errors)
	})
}

// TestTimeout: nobody pressed anything, and the records must not say that a cashier did.
func TestTimeout(t *testing.T) {
	t.Run("is no cashier's cancellation", func(t *testing.T) {
		till := sitetest.NewTill(t, "")
		code, out, errors := run(t, command.Environment{}, "sale", "--station", till.URL, "--amount", "1", "--timeout", "100ms",
			"--cashier", "li", "--lang", "en")
		require.Equal(t, int(command.CodeAbandoned), code)
		require.Contains(t, errors, "waited for 100ms, asking to cancel")
		require.Contains(t, out, "Closed, no payment was asked for")
		require.Equal(t, []station.Intent{checkout.CancelPressed{TimedOut: true}}, till.Intents())
	})
	t.Run("Ctrl-C is one", func(t *testing.T) {
		till := sitetest.NewTill(t, "")
		code, _, _ := run(t, command.Environment{Interrupts: interrupts(1)}, "sale", "--station", till.URL, "--amount", "1", "--cashier", "li")
		require.Equal(t, int(command.CodeAbandoned), code)
		require.Equal(t, []station.Intent{checkout.CancelPressed{Cashier: "li"}}, till.Intents())
	})
}

func TestShownCode(t *testing.T) {
	till := sitetest.NewTill(t, "")
	code, out, _ := run(t, command.Environment{}, "sale", "--station", till.URL, "--amount", "1", "--shown",
		"--timeout", "100ms", "--cancel=false", "--lang", "en")
	require.Equal(t, int(command.CodeUnknown), code)
	require.Contains(t, out, "The customer scans the code shown")
	require.Contains(t, out, "          █████")
	require.Equal(t, []string{"█"}, corners(out), "a light margin on all sides")
	require.Equal(t, 1, strings.Count(out, "\n          https://pay.example/1250\n"), "its text, for who cannot scan the screen")
}

// TestShownCodeInJSON: a program that sells hears of the code while the customer can still scan it, and of the end last.
func TestShownCodeInJSON(t *testing.T) {
	till := sitetest.NewTill(t, "")
	read, write := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- command.Run(t.Context(), command.Environment{Out: write, Err: io.Discard, Clock: time.Now},
			[]string{"sale", "--station", till.URL, "--amount", "1", "--shown", "--json", "--key", "k"})
	}()
	lines := bufio.NewReader(read)
	first, err := lines.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, `{"key":"k","order":"01960100000000000000000000000000","amount":100,"currency":"CNY","amount_text":"¥1.00",`+
		`"shown_code":"https://pay.example/1250","shown_code_until":"2026-05-01T04:02:00Z"}`+"\n", first)
	require.Empty(t, ended, "the sale goes on")
	till.Finish(checkout.Approved)
	last, err := lines.ReadString('\n')
	require.NoError(t, err)
	require.Regexp(t, `^\{"key":"k","exit_code":0,"exit":"ok","sale":\{"id":"01960100000000000000000000000000",.*\}\n$`, last)
	require.Equal(t, int(command.CodeOK), <-ended)
	require.Zero(t, lines.Buffered(), "and nothing else")
}

// TestOneValueInJSONUnlessACodeIsAskedFor: a code that somebody else has shown changes nothing for who asks for none.
func TestOneValueInJSONUnlessACodeIsAskedFor(t *testing.T) {
	till := sitetest.NewTill(t, "")
	go func() {
		<-till.Started()
		<-till.Listened()
		till.Finish(checkout.AwaitingScan)
		till.Finish(checkout.Approved)
	}()
	code, out, _ := run(t, command.Environment{}, "sale", "--station", till.URL, "--amount", "1", "--json")
	require.Equal(t, int(command.CodeOK), code)
	require.Equal(t, 1, strings.Count(out, "\n"))
}

// corners are the different characters at the corners of what is drawn.
func corners(out string) []string {
	var lines []string
	for _, line := range strings.Split(out, "\n") {
		if drawn := strings.TrimPrefix(line, "          "); drawn != line {
			lines = append(lines, drawn)
		}
	}
	lines = slices.DeleteFunc(lines, func(line string) bool { return strings.Trim(line, "█▀▄ ") != "" })
	first, last := []rune(lines[0]), []rune(lines[len(lines)-2])
	found := []string{string(first[0]), string(first[len(first)-1]), string(last[0]), string(last[len(last)-1])}
	slices.Sort(found)
	return slices.Compact(found)
}

func TestInterruptWhileLooking(t *testing.T) {
	asked := make(chan os.Signal, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- os.Interrupt // pressed while the answer is waited for
		<-r.Context().Done()
	}))
	defer server.Close()
	code, _, errors := run(t, command.Environment{Interrupts: asked}, "status", "--station", server.URL)
	require.Equal(t, int(command.CodeUnreachable), code)
	require.Contains(t, errors, "context canceled")
}

// leaving is a station that is gone from when leave is called; watched is closed when its events are listened to.
func leaving(t *testing.T, till *sitetest.Till) (url string, watched <-chan struct{}, leave func()) {
	t.Helper()
	var gone atomic.Bool
	var once sync.Once
	events := make(chan struct{})
	inner := cutting(t, till, 0)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if gone.Load() {
			panic(http.ErrAbortHandler)
		}
		if strings.HasSuffix(r.URL.Path, "/events") {
			once.Do(func() { close(events) })
		}
		http.Redirect(w, r, inner+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL, events, func() {
		gone.Store(true)
		server.CloseClientConnections()
	}
}

// cutting is a station whose answers to the first starts are lost on the way.
func cutting(t *testing.T, till *sitetest.Till, losses int32) string {
	t.Helper()
	var lost atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request, err := http.NewRequestWithContext(r.Context(), r.Method, till.URL+r.URL.Path, r.Body)
		if err != nil {
			panic(err)
		}
		request.Header = r.Header
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer response.Body.Close()
		if r.Method == http.MethodPost && lost.Add(1) <= losses {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", response.Header.Get("Content-Type"))
		w.WriteHeader(response.StatusCode)
		_ = copyFlushing(w, response) // ends when either side leaves
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

func copyFlushing(w http.ResponseWriter, response *http.Response) error {
	control := http.NewResponseController(w)
	buffer := make([]byte, 4<<10)
	for {
		n, err := response.Body.Read(buffer)
		if _, writeErr := w.Write(buffer[:n]); err != nil || writeErr != nil {
			return err
		}
		if err := control.Flush(); err != nil {
			return err
		}
	}
}

func TestLostAnswers(t *testing.T) {
	t.Run("the start is asked again under its key, and there is one sale", func(t *testing.T) {
		till := sitetest.NewTill(t, "")
		code, out, errors := run(t, command.Environment{}, "sale", "--station", cutting(t, till, 2), "--amount", "1",
			"--note", sitetest.NoteApprove, "--lang", "en")
		require.Equal(t, int(command.CodeOK), code, out+errors)
		require.Equal(t, 1, till.Starts())
	})
	t.Run("unknown and not failed when no answer ever comes", func(t *testing.T) {
		till := sitetest.NewTill(t, "")
		code, _, errors := run(t, command.Environment{}, "sale", "--station", cutting(t, till, 99), "--amount", "1",
			"--key", "k9", "--lang", "en")
		require.Equal(t, int(command.CodeUnknown), code)
		require.Contains(t, errors, "look again with the same key")
		require.Contains(t, errors, "--key k9")
		require.Equal(t, 1, till.Starts())
	})
	t.Run("an internal error is unknown too", func(t *testing.T) {
		till := sitetest.NewTill(t, "")
		code, _, _ := run(t, command.Environment{}, "sale", "--station", till.URL, "--amount", "1",
			"--note", sitetest.NoteBroken)
		require.Equal(t, int(command.CodeUnknown), code)
	})
}

func TestSameKeyLooksAgain(t *testing.T) {
	till := sitetest.NewTill(t, "")
	code, out, _ := run(t, command.Environment{}, "sale", "--station", till.URL, "--amount", "1", "--key", "k", "--lang", "en",
		"--note", "it's 茶", "--cashier", "小王", "--cancel=false", "--timeout", "200ms")
	require.Equal(t, int(command.CodeUnknown), code)
	till.Finish(checkout.Approved)
	_, line, found := strings.Cut(out, "  → yuantill ")
	require.True(t, found)
	t.Run("by the line that was printed, typed into a shell", func(t *testing.T) {
		words, err := exec.Command("sh", "-c", "printf '%s\\n' "+strings.TrimSpace(line)).Output()
		require.NoError(t, err)
		code, out, errors := run(t, command.Environment{}, strings.Split(strings.TrimSpace(string(words)), "\n")...)
		require.Equal(t, int(command.CodeOK), code, errors)
		require.Contains(t, out, "Paid")
		require.Equal(t, 1, till.Starts())
	})
	t.Run("and a changed request under the key is refused", func(t *testing.T) {
		code, _, _ := run(t, command.Environment{}, "sale", "--station", till.URL, "--amount", "2", "--key", "k")
		require.Equal(t, int(command.CodeRefused), code)
		require.Equal(t, 1, till.Starts())
	})
}
