package drivertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
)

// CardReaderBench is a card reader on the bench: the driver under test and hands on the device and the cards at the
// other side. Every field is needed. The bench begins with no card in the field.
type CardReaderBench struct {
	Reader drivers.CardReader
	// Command is a command APDU that the bench's card answers with Response, status bytes included, every time.
	Command, Response []byte
	// Place puts the card in the field; PlaceTwo puts two there; Remove empties the field.
	Place, PlaceTwo, Remove func()
	// TearNext makes the card leave the field in the next exchange: it has the command, its answer never comes.
	TearNext func()
	// Stall makes the device stop answering, as one that hangs.
	Stall func()
	// Noise puts bytes that make no sense on the wire from the device to the driver.
	Noise func()
	// HangUp unplugs the device.
	HangUp func()
}

// TestCardReader checks what drivers.CardReader and drivers.Card promise. The factory makes a fresh bench and cleans
// it up with t.Cleanup.
func TestCardReader(t *testing.T, factory func(t *testing.T) CardReaderBench) {
	t.Run("AwaitEndsWithContext", func(t *testing.T) {
		bench := factory(t)
		requireEnds(t, func(ctx context.Context) error {
			_, err := bench.Reader.Await(ctx)
			return err
		})
		bench.Place()
		awaitCard(t, bench)
	})
	t.Run("FindsCardInField", func(t *testing.T) { cardInField(t, factory(t)) })
	t.Run("FindsCardPlacedLater", func(t *testing.T) { cardPlacedLater(t, factory(t)) })
	t.Run("FindsCardAgainAfterRelease", func(t *testing.T) { cardAgain(t, factory(t)) })
	t.Run("LooksAtField", func(t *testing.T) { cardLook(t, factory(t)) })
	t.Run("LookEndsWithContext", func(t *testing.T) { cardLookEnded(t, factory(t)) })
	t.Run("ErrGoneWhenLooking", func(t *testing.T) { cardLookGone(t, factory(t)) })
	t.Run("ProbeLeavesTheFieldAlone", func(t *testing.T) { cardProbe(t, factory(t)) })
	t.Run("ProbeEndsWithContext", func(t *testing.T) { cardProbeEnded(t, factory(t)) })
	t.Run("ErrStalledWhenProbed", func(t *testing.T) { cardProbeStalled(t, factory(t)) })
	t.Run("ErrGoneWhenProbed", func(t *testing.T) { cardProbeGone(t, factory(t)) })
	t.Run("ErrReleasedCard", func(t *testing.T) { cardReleased(t, factory(t)) })
	t.Run("ErrTwoCards", func(t *testing.T) { cardTwo(t, factory(t)) })
	t.Run("ErrTornOutcomeUnknown", func(t *testing.T) { cardTorn(t, factory(t)) })
	t.Run("ErrStalledOutcomeUnknown", func(t *testing.T) { cardStalled(t, factory(t)) })
	t.Run("ErrEndedContextSendsNothing", func(t *testing.T) { cardEnded(t, factory(t)) })
	t.Run("UsableAfterNoise", func(t *testing.T) { cardNoise(t, factory(t)) })
	t.Run("ErrGone", func(t *testing.T) { cardGone(t, factory(t)) })
	t.Run("ErrGoneWhileWaiting", func(t *testing.T) { cardGoneWaiting(t, factory(t)) })
}

func awaitCard(t *testing.T, bench CardReaderBench) drivers.Card {
	t.Helper()
	var card drivers.Card
	eventually(t, func() (err error) {
		card, err = bench.Reader.Await(bounded(t))
		return err
	})
	require.NotNil(t, card)
	return card
}

func requireAnswers(t *testing.T, bench CardReaderBench, card drivers.Card) {
	t.Helper()
	answer, err := card.Exchange(bounded(t), bench.Command)
	require.NoError(t, err)
	require.Equal(t, bench.Response, answer)
}

func cardInField(t *testing.T, bench CardReaderBench) {
	bench.Place()
	card := awaitCard(t, bench)
	require.NotEmpty(t, card.ID())
	const exchanges = 3
	for range exchanges {
		requireAnswers(t, bench, card)
	}
	require.NoError(t, card.Release(bounded(t)))
}

func cardPlacedLater(t *testing.T, bench CardReaderBench) {
	timer := time.AfterFunc(shortWait, bench.Place)
	defer timer.Stop()
	requireAnswers(t, bench, awaitCard(t, bench))
}

func cardAgain(t *testing.T, bench CardReaderBench) {
	bench.Place()
	const rounds = 3
	for range rounds {
		card := awaitCard(t, bench)
		requireAnswers(t, bench, card)
		require.NoError(t, card.Release(bounded(t)))
	}
	bench.Remove()
	ctx, cancel := context.WithTimeout(context.Background(), shortWait)
	defer cancel()
	_, err := bench.Reader.Await(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// requireVacant looks more than once: a card that answered one look must answer the next.
func requireVacant(t *testing.T, bench CardReaderBench, want bool) {
	t.Helper()
	const looks = 3
	for range looks {
		vacant, err := bench.Reader.Vacant(bounded(t))
		require.NoError(t, err)
		require.Equal(t, want, vacant)
	}
}

func cardLook(t *testing.T, bench CardReaderBench) {
	requireVacant(t, bench, true)
	bench.Place()
	requireVacant(t, bench, false)
	card := awaitCard(t, bench)
	requireAnswers(t, bench, card)
	requireVacant(t, bench, false)
	_, err := card.Exchange(bounded(t), bench.Command)
	requireKind(t, err, drivers.KindGone, drivers.KindRefused)
	requireAnswers(t, bench, awaitCard(t, bench))
	bench.PlaceTwo()
	requireVacant(t, bench, false)
	bench.Remove()
	requireVacant(t, bench, true)
}

func cardLookEnded(t *testing.T, bench CardReaderBench) {
	_, err := bench.Reader.Vacant(ended())
	require.ErrorIs(t, err, context.Canceled)
	bench.Place()
	requireVacant(t, bench, false)
}

func cardLookGone(t *testing.T, bench CardReaderBench) {
	bench.HangUp()
	vacant, err := bench.Reader.Vacant(bounded(t))
	require.False(t, vacant)
	requireKind(t, err, drivers.KindGone)
}

// prober is the reader as one that can be asked; another has nothing to show here.
func prober(t *testing.T, bench CardReaderBench, test func(reader drivers.Prober)) {
	t.Helper()
	if reader, is := bench.Reader.(drivers.Prober); is {
		test(reader)
	}
}

// cardProbe probes a reader before it has done anything, with a card in use, and after a look.
func cardProbe(t *testing.T, bench CardReaderBench) {
	prober(t, bench, func(reader drivers.Prober) {
		require.NoError(t, reader.Probe(bounded(t)))
		bench.Place()
		card := awaitCard(t, bench)
		const rounds = 3
		for range rounds {
			require.NoError(t, reader.Probe(bounded(t)))
			requireAnswers(t, bench, card)
		}
		requireVacant(t, bench, false)
		require.NoError(t, reader.Probe(bounded(t)))
		requireVacant(t, bench, false)
	})
}

func cardProbeEnded(t *testing.T, bench CardReaderBench) {
	prober(t, bench, func(reader drivers.Prober) {
		require.ErrorIs(t, reader.Probe(ended()), context.Canceled)
		require.NoError(t, reader.Probe(bounded(t)))
	})
}

// cardProbeStalled: a port that can be opened is no reader that answers.
func cardProbeStalled(t *testing.T, bench CardReaderBench) {
	prober(t, bench, func(reader drivers.Prober) {
		bench.Stall()
		ctx, cancel := context.WithTimeout(context.Background(), shortWait)
		defer cancel()
		require.Error(t, reader.Probe(ctx))
	})
}

func cardProbeGone(t *testing.T, bench CardReaderBench) {
	prober(t, bench, func(reader drivers.Prober) {
		bench.HangUp()
		requireKind(t, reader.Probe(bounded(t)), drivers.KindGone)
	})
}

func cardReleased(t *testing.T, bench CardReaderBench) {
	bench.Place()
	card := awaitCard(t, bench)
	require.NoError(t, card.Release(bounded(t)))
	_, err := card.Exchange(bounded(t), bench.Command)
	requireKind(t, err, drivers.KindGone, drivers.KindRefused)
	failure := requireFailure(t, err)
	require.False(t, failure.OutcomeUnknown, "nothing may be sent to a released card")
}

func cardTwo(t *testing.T, bench CardReaderBench) {
	bench.PlaceTwo()
	_, err := bench.Reader.Await(bounded(t))
	requireKind(t, err, drivers.KindNotReady)
	bench.Remove()
	bench.Place()
	requireAnswers(t, bench, awaitCard(t, bench))
}

func cardTorn(t *testing.T, bench CardReaderBench) {
	bench.Place()
	card := awaitCard(t, bench)
	requireAnswers(t, bench, card)
	bench.TearNext()
	_, err := card.Exchange(bounded(t), bench.Command)
	requireKind(t, err, drivers.KindGone, drivers.KindTimeout)
	failure := requireFailure(t, err)
	require.True(t, failure.OutcomeUnknown, "the card had the command")
	require.False(t, failure.Retryable())
	bench.Remove()
	bench.Place()
	requireAnswers(t, bench, awaitCard(t, bench))
}

func cardStalled(t *testing.T, bench CardReaderBench) {
	bench.Place()
	card := awaitCard(t, bench)
	bench.Stall()
	ctx, cancel := context.WithTimeout(context.Background(), shortWait)
	defer cancel()
	began := time.Now()
	_, err := card.Exchange(ctx, bench.Command)
	require.Less(t, time.Since(began), shortWait+promptly)
	requireKind(t, err, drivers.KindTimeout, drivers.KindGone)
	failure := requireFailure(t, err)
	require.True(t, failure.OutcomeUnknown, "the command left and may have arrived")
}

func cardEnded(t *testing.T, bench CardReaderBench) {
	bench.Place()
	card := awaitCard(t, bench)
	_, err := card.Exchange(ended(), bench.Command)
	require.ErrorIs(t, err, context.Canceled)
	var failure *drivers.Error
	require.False(t, errors.As(err, &failure) && failure.OutcomeUnknown, "nothing may be sent after the context ended")
	requireAnswers(t, bench, card)
}

func cardNoise(t *testing.T, bench CardReaderBench) {
	bench.Noise()
	bench.Place()
	card := awaitCard(t, bench)
	requireAnswers(t, bench, card)
	bench.Noise()
	requireAnswers(t, bench, card)
}

func cardGone(t *testing.T, bench CardReaderBench) {
	bench.Place()
	card := awaitCard(t, bench)
	bench.HangUp()
	_, err := card.Exchange(bounded(t), bench.Command)
	requireKind(t, err, drivers.KindGone)
	for range 2 {
		_, err = bench.Reader.Await(bounded(t))
		requireKind(t, err, drivers.KindGone)
		require.ErrorIs(t, err, drivers.ErrGone)
	}
}

func cardGoneWaiting(t *testing.T, bench CardReaderBench) {
	timer := time.AfterFunc(shortWait, bench.HangUp)
	defer timer.Stop()
	_, err := bench.Reader.Await(bounded(t))
	requireKind(t, err, drivers.KindGone)
}
