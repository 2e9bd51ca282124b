package control

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/yuantill/yuantill/tools/fakedevice/pn532"
	"github.com/yuantill/yuantill/tools/fakedevice/scanner"
)

// attachMax is how long a scan waits for a program to open the scanner: before that its bytes would be lost.
const attachMax = 5 * time.Second

// Duration is a time.Duration that JSON writes as text such as "5ms".
type Duration time.Duration

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	length, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("read duration: %w", err)
	}
	*d = Duration(length)
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// ScanRequest is the body of POST /scan. The answer is the Event.
type ScanRequest struct {
	// Action is a word of a scanner script; empty counts as "scan".
	Action string   `json:"action,omitempty" doc:"怎样扫，缺省 scan · how it is scanned, scan when left out"`
	Text   string   `json:"text,omitempty" doc:"码的内容 · the code"`
	Count  int      `json:"count,omitempty" doc:"字节数，用于 garbage、over-long · bytes, for garbage and over-long"`
	Gap    Duration `json:"gap,omitempty" doc:"间隔如 5ms，用于 split、wait · such as 5ms, for split and wait"`
}

// postScan answers when the step is done. 503 says that no program has the scanner open.
func (c *Counter) postScan(w http.ResponseWriter, r *http.Request) {
	if c.scanner == nil {
		fail(w, http.StatusNotFound, ErrNoDevice)
		return
	}
	var request ScanRequest
	if !decode(w, r, &request) {
		return
	}
	step := scanner.Step{Action: scanner.Scan, Text: request.Text, Count: request.Count, Gap: time.Duration(request.Gap)}
	if request.Action != "" {
		action, err := scanner.ParseAction(request.Action)
		if err != nil {
			fail(w, http.StatusBadRequest, err)
			return
		}
		step.Action = action
	}
	if step.Action != scanner.HangUp && step.Action != scanner.PlugIn && step.Action != scanner.Wait {
		ctx, cancel := context.WithTimeout(r.Context(), attachMax)
		defer cancel()
		if err := c.cables[DeviceScanner].AwaitPeer(ctx); err != nil {
			fail(w, http.StatusServiceUnavailable, err)
			return
		}
	}
	at, err := c.scanner.Do(r.Context(), step)
	if err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	respond(w, c.log.Add(at, Event{Device: DeviceScanner, Kind: scanEvent(step.Action)}))
}

// scanEvent names the event of a step; the text stays out of it, as it may be a payment code.
func scanEvent(action scanner.Action) string {
	if action == scanner.Scan {
		return KindCodeWritten
	}
	return action.String()
}

// TapRequest is the body of POST /tap, which takes away the card that lies at the reader and holds one to it once the reader
// looks: no person is faster. What is wrong with the reader stays so. The answer is the Event.
type TapRequest struct {
	// Cards is how many are held to the reader; 0 counts as 1. They share one wallet.
	Cards int `json:"cards,omitempty" doc:"几张，最多 2 · how many, at most 2"`
	// TearBefore and TearAfter take the card away at the nth command, before or after it has carried it out.
	TearBefore int `json:"tear_before,omitempty" doc:"第几条指令执行前拿开 · taken away before it does the nth command"`
	TearAfter  int `json:"tear_after,omitempty" doc:"第几条指令执行后拿开 · taken away after it"`
	// UIDSize is 4, 7 or 10 bytes; 0 counts as 4.
	UIDSize int `json:"uid_size,omitempty" doc:"4、7 或 10 字节 · 4, 7 or 10 bytes"`
}

// fieldMax is how many cards fit into the field; the chip tells no more than two apart.
const fieldMax = 2

// A card comes after lookFirst polls of an empty field: two by which a till finds it empty, and one that was still on its way for
// what was before. A reader that nobody polls gets the card after lookMax.
const (
	lookFirst = 3
	lookMax   = time.Second
)

func (c *Counter) postTap(w http.ResponseWriter, r *http.Request) {
	if c.chip == nil || c.card == nil {
		fail(w, http.StatusNotFound, ErrNoDevice)
		return
	}
	var request TapRequest
	if !decode(w, r, &request) {
		return
	}
	if request.Cards == 0 {
		request.Cards = 1
	}
	if request.UIDSize == 0 {
		request.UIDSize = 4
	}
	if request.Cards < 1 || request.Cards > fieldMax || request.UIDSize != 4 && request.UIDSize != 7 && request.UIDSize != 10 {
		fail(w, http.StatusBadRequest, fmt.Errorf("%d cards with an id of %d bytes: %w", request.Cards, request.UIDSize, errRequest))
		return
	}
	cards := make([]pn532.Card, request.Cards)
	for i := range cards {
		cards[i] = pn532.Card{UID: randomUID(request.UIDSize), Applet: c.card}
	}
	c.chip.Remove()
	c.chip.Tear(request.TearBefore, request.TearAfter)
	ctx, cancel := context.WithTimeout(r.Context(), lookMax)
	defer cancel()
	_ = c.chip.AwaitLooks(ctx, lookFirst) // in the end the card is there all the same
	at := time.Now()
	c.chip.Place(cards...)
	respond(w, c.log.Add(at, Event{Device: DeviceCardReader, Kind: "card placed"}))
}

// randomUID starts with 08 where it has 4 bytes, as random identifiers do (ISO/IEC 14443-3).
func randomUID(size int) []byte {
	uid := make([]byte, size)
	// crypto/rand.Read always fills its argument.
	_, _ = rand.Read(uid)
	if size == 4 {
		uid[0] = 0x08
	}
	return uid
}

func (c *Counter) postRemove(w http.ResponseWriter, _ *http.Request) {
	if c.chip == nil {
		fail(w, http.StatusNotFound, ErrNoDevice)
		return
	}
	c.chip.Remove()
	respond(w, c.log.Add(time.Now(), Event{Device: DeviceCardReader, Kind: "card removed"}))
}

// ConnectRequest is the body of POST /card/connect. The answer is the Event.
type ConnectRequest struct {
	Amount int64 `json:"amount,omitempty" doc:"同时充入（分），可为负 · put onto it meanwhile in fen, may be negative"`
}

// postConnect lets the hard wallet's holder go online: what it may pay by itself begins anew.
func (c *Counter) postConnect(w http.ResponseWriter, r *http.Request) {
	if c.card == nil {
		fail(w, http.StatusNotFound, ErrNoDevice)
		return
	}
	var request ConnectRequest
	if !decode(w, r, &request) {
		return
	}
	if err := c.card.Connect(request.Amount); err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	respond(w, c.log.Add(time.Now(), Event{Device: DeviceCardReader, Kind: "card connected"}))
}

// CardReaderFaults is the body of POST /card-reader/faults; it replaces the faults before.
type CardReaderFaults struct {
	Stall        bool `json:"stall,omitempty" doc:"不再应答，直到清除故障 · it answers no more, until the faults are cleared"`
	LoseAcks     int  `json:"lose_acks,omitempty" doc:"丢失几个确认 · so many acknowledgements are lost"`
	LoseCommands int  `json:"lose_commands,omitempty" doc:"丢失几条指令 · so many commands are lost"`
	BadChecksums int  `json:"bad_checksums,omitempty" doc:"几个校验和有误 · so many checksums are wrong"`
	Split        int  `json:"split,omitempty" doc:"按几字节分段发送 · it sends in pieces of so many bytes"`
	// Garbage is sent in front of every frame, base 64.
	Garbage []byte `json:"garbage,omitempty" doc:"每帧前的杂字节 · noise before every frame"`
}

func (c *Counter) postCardReaderFaults(w http.ResponseWriter, r *http.Request) {
	if c.chip == nil {
		fail(w, http.StatusNotFound, ErrNoDevice)
		return
	}
	var f CardReaderFaults
	if !decode(w, r, &f) {
		return
	}
	c.chip.SetFaults(pn532.Faults{
		Stall: f.Stall, LoseAcks: f.LoseAcks, LoseCommands: f.LoseCommands, BadChecksums: f.BadChecksums,
		Split: f.Split, Garbage: f.Garbage,
	})
	respond(w, c.log.Add(time.Now(), Event{Device: DeviceCardReader, Kind: "faults set"}))
}

// PrinterRequest is the body of POST /printer/{fault}; each fault reads one field of it.
type PrinterRequest struct {
	// On sets or clears the fault; left out it counts as true.
	On *bool `json:"on,omitempty" doc:"缺省 true，false 解除 · true when left out, false clears it"`
	// Lines until the paper ends, for paper-out-after; Bytes until the power goes, for power-lost-after.
	Lines int `json:"lines,omitempty" doc:"用于 paper-out-after · for paper-out-after"`
	Bytes int `json:"bytes,omitempty" doc:"用于 power-lost-after · for power-lost-after"`
	// Line is how long a line takes, for slow.
	Line Duration `json:"line,omitempty" doc:"用于 slow，如 50ms · for slow, such as 50ms"`
}

func (c *Counter) postPrinter(w http.ResponseWriter, r *http.Request) {
	if c.printer == nil {
		fail(w, http.StatusNotFound, ErrNoDevice)
		return
	}
	var request PrinterRequest
	if !decode(w, r, &request) {
		return
	}
	word := r.PathValue("fault")
	for _, fault := range printerFaults() {
		if fault.Word == word {
			fault.set(c.printer, request, request.On == nil || *request.On)
			respond(w, c.log.Add(time.Now(), Event{Device: DevicePrinter, Kind: word}))
			return
		}
	}
	fail(w, http.StatusNotFound, fmt.Errorf("set printer fault %q: %w", word, errRequest))
}

// postCable pulls a cable or puts it back, by the first word of the path.
func (c *Counter) postCable(w http.ResponseWriter, r *http.Request) {
	device := r.PathValue("device")
	cable := c.cables[device]
	if cable == nil {
		fail(w, http.StatusNotFound, ErrNoDevice)
		return
	}
	kind, act := "plugged in", cable.PlugIn
	if strings.HasPrefix(r.URL.Path, "/hang-up/") {
		kind, act = "hung up", cable.HangUp
	}
	if err := act(); err != nil {
		fail(w, http.StatusConflict, err)
		return
	}
	respond(w, c.log.Add(time.Now(), Event{Device: device, Kind: kind}))
}
