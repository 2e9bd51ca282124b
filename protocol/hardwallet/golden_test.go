package hardwallet_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/sign"
)

// update writes testdata/golden.json afresh; its signatures change, since every signature has a new nonce.
var update = flag.Bool("update", false, "write the golden file")

const goldenFile = "testdata/golden.json"

// golden is one payment, byte for byte, for implementers in other languages. All values are hexadecimal.
type golden struct {
	Note                     string
	IssuerPrivate, IssuerKey string
	CardPrivate, CardKey     string
	SelectCommand            string
	SelectAnswer             string
	CertificateSigned        string
	PayCommand, PayAnswer    string
	TransactionSigned        string
	GetCommand, GetAnswer    string
	Transaction              string
}

// tap is the exchange that the golden file holds, recorded at the card.
type tap struct {
	*card
	commands, answers []string // hexadecimal
}

// Exchange records the command on its way to the card.
func (r *tap) Exchange(ctx context.Context, command []byte) ([]byte, error) {
	r.commands = append(r.commands, hex.EncodeToString(command))
	return r.card.Exchange(ctx, command)
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(text)
	require.NoError(t, err)
	return data
}

func writeGolden(t *testing.T) {
	t.Helper()
	s := newShop(t)
	issuerSeed, cardSeed := bytes.Repeat([]byte{0x11}, 32), bytes.Repeat([]byte{0x22}, 32)
	issuer, err := sign.NewKey(bytes.NewReader(issuerSeed))
	require.NoError(t, err)
	key, err := sign.NewKey(bytes.NewReader(cardSeed))
	require.NoError(t, err)
	s.card.key, s.card.certificate.Key = key, key.Public()
	s.card.certificate, err = s.card.certificate.Issue(issuer)
	require.NoError(t, err)
	pool, err := hardwallet.NewPool(issuer.Public())
	require.NoError(t, err)
	record := &tap{card: s.card}
	record.bend = func(_ byte, answer []byte) []byte {
		record.answers = append(record.answers, hex.EncodeToString(answer))
		return answer
	}
	transaction, err := hardwallet.Pay(t.Context(), record, pool, request(1, 1250))
	require.NoError(t, err)
	_, err = hardwallet.Recover(t.Context(), record, pool, hardwallet.Pending{Request: transaction.Request, Wallet: transaction.Certificate.Wallet})
	require.NoError(t, err)
	data, err := transaction.MarshalBinary()
	require.NoError(t, err)
	issuerKey, cardKey := issuer.Public().Bytes(), key.Public().Bytes()
	text, err := json.MarshalIndent(golden{
		Note:          "one payment of 12.50 CNY; card before it: balance 1000.00, counter 0",
		IssuerPrivate: hex.EncodeToString(issuerSeed), IssuerKey: hex.EncodeToString(issuerKey[:]),
		CardPrivate: hex.EncodeToString(cardSeed), CardKey: hex.EncodeToString(cardKey[:]),
		SelectCommand: record.commands[0], SelectAnswer: record.answers[0],
		CertificateSigned: hex.EncodeToString(transaction.Certificate.SignedBytes()),
		PayCommand:        record.commands[1], PayAnswer: record.answers[1],
		TransactionSigned: hex.EncodeToString(transaction.SignedBytes()),
		GetCommand:        record.commands[3], GetAnswer: record.answers[3],
		Transaction: hex.EncodeToString(data),
	}, "", "  ")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(goldenFile, append(text, '\n'), 0o644))
}

// TestGolden replays the file as the card and expects the same commands and the same transaction.
func TestGolden(t *testing.T) {
	if *update {
		writeGolden(t)
	}
	text, err := os.ReadFile(goldenFile)
	require.NoError(t, err)
	var g golden
	require.NoError(t, json.Unmarshal(text, &g))
	issuerKey, err := sign.ParsePublicKey(unhex(t, g.IssuerKey))
	require.NoError(t, err)
	pool, err := hardwallet.NewPool(issuerKey)
	require.NoError(t, err)

	replay := newShop(t).card
	replay.answer[hardwallet.InstructionSelect] = unhex(t, g.SelectAnswer)
	replay.answer[hardwallet.InstructionPay] = unhex(t, g.PayAnswer)
	replay.answer[hardwallet.InstructionGet] = unhex(t, g.GetAnswer)
	record := &tap{card: replay}
	transaction, err := hardwallet.Pay(t.Context(), record, pool, request(1, 1250))
	require.NoError(t, err)
	require.Equal(t, []string{g.SelectCommand, g.PayCommand}, record.commands)
	require.Equal(t, g.CertificateSigned, hex.EncodeToString(transaction.Certificate.SignedBytes()))
	require.Equal(t, g.TransactionSigned, hex.EncodeToString(transaction.SignedBytes()))
	data, err := transaction.MarshalBinary()
	require.NoError(t, err)
	require.Equal(t, g.Transaction, hex.EncodeToString(data))

	recovered, err := hardwallet.Recover(t.Context(), record, pool, hardwallet.Pending{
		Request: transaction.Request, Wallet: transaction.Certificate.Wallet,
	})
	require.NoError(t, err)
	require.Equal(t, transaction, recovered)
	require.Equal(t, g.GetCommand, record.commands[3])

	for private, public := range map[string]string{g.IssuerPrivate: g.IssuerKey, g.CardPrivate: g.CardKey} {
		key, err := sign.NewKey(bytes.NewReader(unhex(t, private)))
		require.NoError(t, err)
		point := key.Public().Bytes()
		require.Equal(t, public, hex.EncodeToString(point[:]))
	}
}
