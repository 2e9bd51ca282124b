package command

import (
	"context"

	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// ReprintWait bounds the wait for the printer's report.
const ReprintWait = reprintWait

// DrawQR is drawQR for tests.
func DrawQR(text string) ([]string, error) { return drawQR(text) }

// AwaitCopy is awaitCopy for tests.
func AwaitCopy(
	ctx context.Context, copied string, told *stationclient.Reprint, look func(context.Context) (*stationclient.Reprint, error),
) string {
	return string(awaitCopy(ctx, copied, told, look))
}
