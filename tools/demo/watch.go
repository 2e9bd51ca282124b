package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// lookEvery is how often the till is looked at while the doors are open.
const lookEvery = 300 * time.Millisecond

// openDoors says how to work with the shop and shows what the till does until the context ends.
func (w *world) openDoors(ctx context.Context, bin string) error {
	address, closed, err := networkControl{cable: w.shop.Cable, out: w.out}.serve(ctx)
	if err != nil {
		return err
	}
	w.out.usage(bin, w.shop, w.keeper, address)
	w.out.restart()
	w.watch(ctx)
	return closed()
}

// watch shows what the till does until the context ends.
func (w *world) watch(ctx context.Context) {
	var watching sync.WaitGroup
	defer watching.Wait()
	watching.Go(func() { w.watchSales(ctx) })
	shown := ""
	for {
		if line := w.tillLine(ctx); line != shown && ctx.Err() == nil {
			if shown != "" {
				w.out.say(till, "%s", line)
			}
			shown = line
		}
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
			return
		}
	}
}

// tillLine is how the till is, in one line; the same line is no news.
func (w *world) tillLine(ctx context.Context) string {
	status, err := w.shop.Station.Status(ctx)
	if err != nil {
		return "终端程序没有应答 · the agent does not answer"
	}
	waits := false
	if status.Sale != "" {
		sale, err := w.shop.Station.Sale(ctx, status.Sale)
		waits = err == nil && sale.State == checkout.Waiting.String()
	}
	return lineOf(status, waits)
}

// lineOf leaves out the sale before the cashier, which has its own lines; one that waits for its customer is not counted.
func lineOf(s stationclient.Status, waits bool) string {
	line := "已连接平台 · connected to the cloud"
	if !s.Uplink.Connected {
		line = "平台断开，流水照常记在本机 · the cloud is gone, the journal goes on here"
	}
	if s.Journal.Unsent > 0 && !s.Uplink.Connected {
		line += "；有未上送的流水 · records wait to be sent"
	}
	pending := s.Pending
	if s.Sale != "" && !waits {
		pending--
	}
	if pending > 0 {
		line += fmt.Sprintf("；%d 笔没有结果 · without a result: %d", pending, pending)
	}
	if s.Refusing != nil {
		line += "；" + s.Refusing.Chinese + " · " + s.Refusing.English
	}
	return line
}

// watchSales tells what becomes of sales, whoever begins them, over the agent's restarts.
func (w *world) watchSales(ctx context.Context) {
	last, shown := "", make(map[string]string)
	for {
		if stream, err := w.shop.Station.Events(ctx, last); err == nil {
			for {
				event, err := stream.Next()
				if err != nil {
					break
				}
				if event.ID != "" {
					last = event.ID
				}
				w.tellSale(event, shown)
			}
			_ = stream.Close() // it has ended already
		}
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
			return
		}
	}
}

// tellSale tells of a sale that is in another state than was shown last; those of the demonstration itself are old news.
func (w *world) tellSale(event stationclient.Event, shown map[string]string) {
	sale, isSale := event.Sale()
	if !isSale || shown[sale.ID] == sale.State || w.began[sale.ID] && shown[sale.ID] == "" && sale.Final {
		return
	}
	shown[sale.ID] = sale.State
	line := sale.Text + " " + sale.Title.Chinese + " · " + sale.Title.English
	if sale.Reason != nil {
		line += "（" + sale.Reason.Chinese + " · " + sale.Reason.English + "）"
	}
	w.out.say(till, "%s", line)
}
