package checkout

import (
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/message"
)

// Restand returns an approved order's result with a standing that was told beside it: with a follow-up's result. It is nil
// when the standing is older than what is known of the order, or no news. The result itself is left as it is.
func Restand(result *message.PaymentResult, standing *message.Standing) *message.PaymentResult {
	// A revision of 0 is of a cloud that does not say; such answers are taken as they come.
	revision, known := standing.GetRevision(), result.GetRevision()
	older := revision != 0 && revision < known
	if standing == nil || older || revision <= known && sameStanding(standing, result.GetStanding()) {
		return nil
	}
	restood := &message.PaymentResult{}
	if result != nil {
		restood = proto.CloneOf(result)
	}
	restood.Standing = standing
	restood.Revision = max(restood.Revision, revision)
	return restood
}

// sameStanding reports whether two standings say the same, whichever is newer.
func sameStanding(a, b *message.Standing) bool {
	if a == nil || b == nil {
		return a == b
	}
	other := proto.CloneOf(b)
	other.Revision = a.Revision
	return proto.Equal(a, other)
}

// givenBack reports whether all of an approved payment has gone back, or is on its way, as far as the till was told.
func (s Sale) givenBack() bool {
	standing := s.Standing()
	all := standing.GetRefunded() > 0 && standing.GetRefunded() >= standing.GetPaid() || standing.GetClosed()
	return s.State == Approved && !s.Hold && all
}
