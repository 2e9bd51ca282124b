package command_test

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/yuantill/command"
	"github.com/yuantill/yuantill/tools/yuantill/sitetest"
)

// full is an output on a full disk.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// TestOutputThatIsLost: what happened to money keeps its exit code, and its key is told where it can be; what was only looked at
// was not shown, and says so.
func TestOutputThatIsLost(t *testing.T) {
	for name, c := range map[string]struct {
		arguments string
		code      command.Code
		told      string
	}{
		"Approved":         {"sale --amount 1 --note approve --key k1", command.CodeOK, "→ --key k1: done; of a sale: approved"},
		"Declined":         {"sale --amount 1 --note decline --key k1", command.CodeDeclined, "→ --key k1: sale declined"},
		"Unknown":          {"sale --amount 1 --note unknown --key k1 --timeout 1s --cancel=false", command.CodeUnknown, "→ --key k1: the outcome is not known"},
		"Refunded":         {"refund 260501000042 --amount 5 --key k1", command.CodeOK, "→ --key k1: done"},
		"RefundNotDone":    {"void 260501000042 --note decline --key k1", command.CodeDeclined, "→ --key k1: sale declined, no money received; void, refund or hold: not done"},
		"Refused":          {"sale --amount 1 --note busy --key k1", command.CodeRefused, "Another sale is still open on this till"},
		"OnlyLooked":       {"status", command.CodeUnreadable, ""},
		"OnlyLookedForOne": {"find 260501000042", command.CodeUnreadable, ""},
	} {
		for _, as := range []string{"", " --json"} {
			t.Run(name+as, func(t *testing.T) {
				till := sitetest.NewTill(t, "")
				var told strings.Builder
				code := command.Run(context.Background(), command.Environment{Out: full{}, Err: &told, Clock: time.Now},
					strings.Fields(c.arguments+" --lang en --station "+till.URL+as))
				require.Equal(t, int(c.code), code, told.String())
				require.Contains(t, told.String(), c.told)
				if as != "" || c.code != command.CodeRefused { // a refusal in words needs no output
					require.Contains(t, told.String(), "the output was not written\n  no space left on device\n")
				}
			})
		}
	}
}
