package escpos_test

import (
	"errors"
	"testing"
	"time"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/drivertest"
	"github.com/yuantill/yuantill/drivers/printer/escpos"
)

func slip() drivers.Document {
	blocks := []drivers.Block{drivers.Text{Content: "签购单", Align: drivers.Centre, Bold: true, Scale: 2}}
	for range 16 {
		blocks = append(blocks, drivers.Pair{Label: "参考号 REF", Value: "061234567890"})
	}
	return drivers.Document{Blocks: append(blocks,
		drivers.Barcode{Content: "061234567890"}, drivers.QR{Content: "https://pay.example.cn/r/Zk3vQ8nT5mXw2LdR"}, drivers.Cut{})}
}

func BenchmarkEncode(b *testing.B) {
	document := slip()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := escpos.Encode(document, escpos.Paper58()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFirstByte measures from the call of Print to the job's first byte at the other end of the cable.
func BenchmarkFirstByte(b *testing.B) {
	host, far, err := drivertest.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	device := newPeer(far)
	arrived := make(chan time.Time, 1)
	device.jobSeen = func() { arrived <- time.Now() }
	driver, err := escpos.New(host, fastOptions())
	if err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go device.run()
	go func() { ended <- driver.Run(b.Context()) }()
	for known := false; !known; {
		_, at := driver.Known()
		known = !at.IsZero()
	}
	<-arrived // the driver's own greeting
	document := slip()
	var total time.Duration
	for b.Loop() {
		began := time.Now()
		if _, err := driver.Print(b.Context(), document); err != nil {
			b.Fatal(err)
		}
		total += (<-arrived).Sub(began)
	}
	b.ReportMetric(float64(total.Nanoseconds())/float64(b.N), "ns/first-byte")
	_ = far.Close()
	if err := <-ended; !errors.Is(err, drivers.ErrGone) {
		b.Fatalf("run ended with %v", err)
	}
	_ = host.Close()
}
