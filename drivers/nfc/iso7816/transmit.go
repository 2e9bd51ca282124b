package iso7816

import (
	"context"
	"errors"
	"fmt"
)

// Bounds of Transmit and Read.
const (
	fetchMax    = 64      // GET RESPONSE commands after one command
	collectMax  = 1 << 16 // bytes of data in one answer
	instruction = 0xC0    // GET RESPONSE
)

// ErrAnswerTooLong marks a card that keeps announcing more data than the bounds allow.
var ErrAnswerTooLong = errors.New("iso7816: answer too long")

// Exchanger carries one APDU to a card and its answer back; drivers.Card is one.
type Exchanger interface {
	Exchange(ctx context.Context, command []byte) ([]byte, error)
}

// Transmit sends command once and fetches the rest of an answer that ends in 61xx. GET RESPONSE only reads what the
// command already produced, so nothing is executed twice. A 6Cxx is returned as it is: repeating a command that changes
// the card is never this package's decision. Errors: ErrCommand, ErrResponse, ErrAnswerTooLong, the exchanger's.
// The Response of a refused command carries its Status; check Response.Err.
func Transmit(ctx context.Context, card Exchanger, command Command) (Response, error) {
	response, err := send(ctx, card, command)
	if err != nil {
		return Response{}, err
	}
	for range fetchMax {
		wanted, more := response.Status.MoreData()
		if !more {
			return response, nil
		}
		// The class byte keeps the logical channel and drops chaining and secure messaging.
		next, err := send(ctx, card, Command{Class: command.Class & 0x03, Instruction: instruction, Expect: wanted})
		if err != nil {
			return Response{}, fmt.Errorf("get response: %w", err)
		}
		if len(response.Data)+len(next.Data) > collectMax {
			return Response{}, ErrAnswerTooLong
		}
		response = Response{Data: append(response.Data, next.Data...), Status: next.Status}
	}
	return Response{}, ErrAnswerTooLong
}

// Read is Transmit for a command that changes nothing on the card, such as SELECT or READ BINARY: on 6Cxx it sends the
// command once more with the length the card asked for. Errors: those of Transmit.
func Read(ctx context.Context, card Exchanger, command Command) (Response, error) {
	response, err := Transmit(ctx, card, command)
	if err != nil {
		return Response{}, err
	}
	exact, wrong := response.Status.ExactLength()
	if !wrong {
		return response, nil
	}
	command.Expect = exact
	return Transmit(ctx, card, command)
}

// send carries one command and parses the answer.
func send(ctx context.Context, card Exchanger, command Command) (Response, error) {
	apdu, err := command.MarshalBinary()
	if err != nil {
		return Response{}, err
	}
	answer, err := card.Exchange(ctx, apdu)
	if err != nil {
		return Response{}, fmt.Errorf("exchange command %02X: %w", command.Instruction, err)
	}
	return ParseResponse(answer)
}
