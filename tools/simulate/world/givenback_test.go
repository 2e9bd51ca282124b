package world

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/message"
)

func TestGivenBack(t *testing.T) {
	// Of 100.00, 30.00 were given back.
	for name, c := range map[string]struct {
		another followed
		broken  []string
	}{
		"TheRest":     {followed{kind: refundKind, done: true, amount: -70_00}, nil},
		"OneFenMore":  {followed{kind: refundKind, done: true, amount: -70_01}, []string{"given-back-beyond-paid"}},
		"NotDone":     {followed{kind: refundKind, final: true}, nil},
		"VoidBesides": {followed{kind: message.FollowUp_FOLLOW_UP_VOID, done: true}, []string{"given-back-beyond-paid"}},
		"OfAnother":   {followed{kind: refundKind, done: true, amount: -70_01, order: order{9}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			till := counter()
			p := till.world.list[0]
			if c.another.order == (order{}) {
				c.another.order = p.order
			}
			*till.evidence.follow([]byte("another")) = c.another
			till.evidence.checkGivenBack(till, p.order)
			require.Equal(t, c.broken, broken(till))
		})
	}
	t.Run("OfAHold", func(t *testing.T) {
		till := counter()
		p := till.world.list[0]
		p.hold = true
		till.evidence.follow([]byte(refundItem)).amount = -130_00
		till.evidence.checkGivenBack(till, p.order)
		require.Empty(t, broken(till))
	})
}
