package main_test

import (
	"context"
	"crypto/rand"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
)

// ticksPerSecond is Linux's USER_HZ, in which /proc counts processor time.
const ticksPerSecond = 100

// BenchmarkProcess authorises over HTTPS against the operator as a process of its own, limited to one core, and splits
// the processor time into the operator's and the caller's.
func BenchmarkProcess(b *testing.B) {
	b.Setenv("GOMAXPROCS", "1")
	p := start(b, "--reuse-codes")
	pid := p.command.Process.Pid
	operatorBefore, callerBefore := processorMicros(b, pid), ownMicros(b)
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		request := operator.Request{Merchant: "102290058120001", Terminal: "T0000001", Method: operator.MethodCode, Amount: 1, Currency: "CNY", Code: "0112345678901234567"}
		for pb.Next() {
			if _, err := rand.Read(request.OrderID[:]); err != nil {
				b.Error(err)
				return
			}
			if answer, err := p.connector.Authorise(context.Background(), request); err != nil || answer.Status != operator.StatusApproved {
				b.Error(answer.Status, err)
				return
			}
		}
	})
	b.StopTimer()
	n := float64(b.N)
	busy := processorMicros(b, pid) - operatorBefore
	b.ReportMetric(busy/n, "operator-µs/op")
	b.ReportMetric((ownMicros(b)-callerBefore)/n, "caller-µs/op")
	b.ReportMetric(n/b.Elapsed().Seconds(), "authorisations/s")
	b.ReportMetric(1e6*n/busy, "authorisations/s/core")
}

// processorMicros is the processor time a process has used, from /proc/<pid>/stat (proc(5), fields 14 and 15).
func processorMicros(b *testing.B, pid int) float64 {
	b.Helper()
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	require.NoError(b, err)
	_, after, ok := strings.Cut(string(text), ") ")
	require.True(b, ok)
	fields := strings.Fields(after)
	sum := 0.0
	for _, field := range fields[11:13] {
		ticks, err := strconv.Atoi(field)
		require.NoError(b, err)
		sum += float64(ticks)
	}
	return sum * 1e6 / ticksPerSecond
}

func ownMicros(b *testing.B) float64 {
	b.Helper()
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e3
}
