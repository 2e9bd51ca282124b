package command

import (
	"context"
	"strings"
	"time"

	"github.com/yuantill/yuantill/tools/yuantill/bilingual"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// devicesWait bounds the question for the devices: a sale under way does not wait for a remark.
const devicesWait = 2 * time.Second

// tellDevices says which ways to pay are missing while the sale waits for the customer. It refuses nothing: the code that
// the customer scans needs no device.
func (w *watcher) tellDevices(ctx context.Context) {
	if w.json || w.sale.State != "waiting" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, devicesWait)
	defer cancel()
	status, err := w.client.Status(ctx)
	if err != nil {
		return // the sale's own calls say when the station is away
	}
	if missing := missingDevices(status.Devices); missing != (bilingual.Text{}) {
		w.remark(w.language.Pick(missing))
	}
}

// missingDevices names the scanner and the reader when they cannot be used, and what is left when neither can. One that
// the shop has not set up is no news as long as the other works.
func missingDevices(devices []stationclient.Device) bilingual.Text {
	states := map[string]string{"scanner": "none", "reader": "none"}
	for _, device := range devices {
		states[device.Name] = device.State
	}
	var chinese, english []string
	for _, name := range []string{"scanner", "reader"} {
		if states[name] != "ready" {
			state := deviceState(states[name])
			chinese = append(chinese, deviceText(name).Chinese+state.Chinese)
			english = append(english, name+" "+state.English)
		}
	}
	none := states["scanner"] == "none" || states["reader"] == "none"
	switch {
	case len(chinese) == 0, len(chinese) == 1 && none:
		return bilingual.Text{}
	case len(chinese) == 1:
		return bilingual.Text{Chinese: chinese[0], English: english[0]}
	default:
		return bilingual.Text{
			Chinese: strings.Join(chinese, "，") + "；只能用 --shown 出示收款码",
			English: strings.Join(english, ", ") + "; only a code shown with --shown can be paid",
		}
	}
}
