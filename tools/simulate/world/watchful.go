package world

import (
	"context"
	"log/slog"
	"strings"

	"github.com/yuantill/yuantill/protocol/hardwallet"
)

// watchfulHandler reads what the product logs: no customer's code and no full wallet id may be in it.
type watchfulHandler struct {
	world *World
	kept  []slog.Attr
}

var _ slog.Handler = (*watchfulHandler)(nil)

// Enabled implements slog.Handler.
func (h *watchfulHandler) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (h *watchfulHandler) Handle(_ context.Context, r slog.Record) error {
	h.look(r.Message, r.Message)
	if r.Level >= slog.LevelWarn {
		h.tell(r)
	}
	for _, a := range h.kept {
		h.look(r.Message, a.Value.Resolve().String())
	}
	r.Attrs(func(a slog.Attr) bool {
		h.look(r.Message, a.Value.Resolve().String())
		return true
	})
	return nil
}

// tell puts a warning into the trace, with those of its values that are the same in every run.
func (h *watchfulHandler) tell(r slog.Record) {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "event", "call", "operator", "cause", "error", "sequence":
			if value := a.Value.Resolve().String(); !strings.Contains(value, "/") { // no path of this machine
				text += " " + a.Key + "=" + value
			}
		}
		return true
	})
	h.world.trace("! %s", text)
}

// look finds runs of digits that are as long as a secret.
func (h *watchfulHandler) look(message, text string) {
	const walletSize, codeSize = 16, 19
	isDigit := func(c rune) bool { return c >= '0' && c <= '9' }
	for _, run := range strings.FieldsFunc(text, func(c rune) bool { return !isDigit(c) }) {
		if len(run) == codeSize && h.world.codes[run] != nil {
			h.world.violation("secret-in-log", "%q has a customer's code", message)
		}
		if len(run) != walletSize {
			continue
		}
		if wallet, err := hardwallet.ParseWalletID(run); err == nil && h.world.cards[wallet] != nil {
			h.world.violation("secret-in-log", "%q has a wallet id", message)
		}
	}
}

// WithAttrs implements slog.Handler.
func (h *watchfulHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &watchfulHandler{world: h.world, kept: append(h.kept[:len(h.kept):len(h.kept)], attrs...)}
}

// WithGroup implements slog.Handler.
func (h *watchfulHandler) WithGroup(string) slog.Handler { return h }
