package iso7816_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers/nfc/iso7816"
)

// script is a card that gives fixed answers and keeps what it was sent.
type script struct {
	answers [][]byte
	sent    [][]byte
	err     error
}

func (s *script) Exchange(_ context.Context, command []byte) ([]byte, error) {
	s.sent = append(s.sent, command)
	if s.err != nil {
		return nil, s.err
	}
	answer := s.answers[0]
	if len(s.answers) > 1 {
		s.answers = s.answers[1:]
	}
	return answer, nil
}

func TestTransmit(t *testing.T) {
	debit := iso7816.Command{Class: 0x83, Instruction: 0x50, Data: []byte{1}, Expect: 256}
	t.Run("fetches what 61xx announces", func(t *testing.T) {
		card := &script{answers: [][]byte{unhex(t, "AA 61 02"), unhex(t, "BB CC 90 00")}}
		r, err := iso7816.Transmit(t.Context(), card, debit)
		require.NoError(t, err)
		require.NoError(t, r.Err())
		require.Equal(t, unhex(t, "AA BB CC"), r.Data)
		require.Equal(t, unhex(t, "03 C0 00 00 02"), card.sent[1], "GET RESPONSE on the same logical channel")
	})
	t.Run("never repeats a command that changes the card", func(t *testing.T) {
		card := &script{answers: [][]byte{unhex(t, "6C 10")}}
		r, err := iso7816.Transmit(t.Context(), card, debit)
		require.NoError(t, err)
		require.ErrorIs(t, r.Err(), iso7816.Status(0x6C10))
		require.Len(t, card.sent, 1)
	})
	t.Run("ErrAnswerTooLong", func(t *testing.T) {
		card := &script{answers: [][]byte{unhex(t, "61 01")}}
		_, err := iso7816.Transmit(t.Context(), card, debit)
		require.ErrorIs(t, err, iso7816.ErrAnswerTooLong)
		require.Len(t, card.sent, 65, "one command and 64 fetches")

		card = &script{answers: [][]byte{append(make([]byte, 40000), 0x61, 0)}}
		_, err = iso7816.Transmit(t.Context(), card, debit)
		require.ErrorIs(t, err, iso7816.ErrAnswerTooLong)
		require.Len(t, card.sent, 2)
	})
	t.Run("carries the exchanger's error", func(t *testing.T) {
		gone := errors.New("card gone")
		_, err := iso7816.Transmit(t.Context(), &script{err: gone}, debit)
		require.ErrorIs(t, err, gone)
	})
	t.Run("ErrResponse", func(t *testing.T) {
		_, err := iso7816.Transmit(t.Context(), &script{answers: [][]byte{{0x90}}}, debit)
		require.ErrorIs(t, err, iso7816.ErrResponse)
	})
	t.Run("ErrCommand without a word to the card", func(t *testing.T) {
		card := &script{}
		_, err := iso7816.Transmit(t.Context(), card, iso7816.Command{Expect: -1})
		require.ErrorIs(t, err, iso7816.ErrCommand)
		require.Empty(t, card.sent)
	})
}

func TestRead(t *testing.T) {
	selectFile := iso7816.Command{Instruction: 0xA4, P1: 4, Data: []byte{0xF0}, Expect: 256}
	t.Run("repeats once with the length 6Cxx asks for", func(t *testing.T) {
		card := &script{answers: [][]byte{unhex(t, "6C 01"), unhex(t, "AA 90 00")}}
		r, err := iso7816.Read(t.Context(), card, selectFile)
		require.NoError(t, err)
		require.Equal(t, []byte{0xAA}, r.Data)
		require.Equal(t, unhex(t, "00 A4 04 00 01 F0 01"), card.sent[1])
	})
	t.Run("does not repeat a second time", func(t *testing.T) {
		card := &script{answers: [][]byte{unhex(t, "6C 01")}}
		r, err := iso7816.Read(t.Context(), card, selectFile)
		require.NoError(t, err)
		require.ErrorIs(t, r.Err(), iso7816.Status(0x6C01))
		require.Len(t, card.sent, 2)
	})
	t.Run("carries the exchanger's error", func(t *testing.T) {
		_, err := iso7816.Read(t.Context(), &script{err: context.Canceled}, selectFile)
		require.ErrorIs(t, err, context.Canceled)
	})
}

// FuzzTransmit lets a card answer anything: Transmit ends within its bounds and sends the command itself exactly once.
func FuzzTransmit(f *testing.F) {
	f.Add([]byte{0x61, 0x00}, []byte{0x61, 0x02}, []byte{0xAA, 0x90, 0x00})
	f.Add([]byte{0x6C, 0x10}, []byte{0x6C, 0x10}, []byte{0x90})
	f.Add([]byte{}, []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, first, second, last []byte) {
		command := iso7816.Command{Class: 0x80, Instruction: 0x50, Data: []byte{1}, Expect: 256}
		card := &script{answers: [][]byte{first, second, last}}
		_, _ = iso7816.Transmit(t.Context(), card, command)
		require.LessOrEqual(t, len(card.sent), 65)
		for i, sent := range card.sent {
			parsed, err := iso7816.ParseCommand(sent)
			require.NoError(t, err)
			require.Equal(t, i == 0, parsed.Instruction == command.Instruction, "command %d", i)
		}
	})
}
