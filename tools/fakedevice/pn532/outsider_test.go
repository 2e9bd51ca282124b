package pn532_test

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/fakedevice/pn532"
	"github.com/yuantill/yuantill/tools/fakedevice/pty"
)

// nfcListMax bounds one run of nfc-list, which polls for half a dozen kinds of card.
const nfcListMax = 30 * time.Second

// TestNFCList lets libnfc, which shares no code with us, read the model as it reads the chip.
func TestNFCList(t *testing.T) {
	program, err := exec.LookPath("nfc-list")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("nfc-list is needed in CI (apt: libnfc-bin)")
		}
		t.Skip("nfc-list is not installed (apt: libnfc-bin)")
	}
	port, err := pty.Open("")
	require.NoError(t, err)
	chip := pn532.New(port, pn532.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- chip.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	run := func(t *testing.T) string {
		ctx, cancel := context.WithTimeout(t.Context(), nfcListMax)
		defer cancel()
		list := exec.CommandContext(ctx, program, "-v")
		list.Env = append(os.Environ(), "LIBNFC_DEVICE=pn532_uart:"+port.Path())
		output, err := list.CombinedOutput()
		require.NoError(t, err, "%s", output)
		return string(output)
	}

	t.Run("reads UID and ATS of the card in the field", func(t *testing.T) {
		chip.Place(pn532.Card{UID: []byte{0x04, 0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6}, Applet: &echo{}})
		output := run(t)
		require.Contains(t, output, "opened")
		require.Regexp(t, regexp.MustCompile(`UID \(NFCID1\): 04\s+a1\s+b2\s+c3\s+d4\s+e5\s+f6`), output)
		require.Regexp(t, regexp.MustCompile(`SAK \(SEL_RES\): 20`), output)
		require.Regexp(t, regexp.MustCompile(`ATS: 75\s+77\s+81\s+02\s+80`), output)
		require.Contains(t, output, "ISO/IEC 14443-4")
	})
	t.Run("finds an empty field empty", func(t *testing.T) {
		chip.Remove()
		output := run(t)
		require.Contains(t, output, "0 ISO14443A passive target(s) found")
	})
}
