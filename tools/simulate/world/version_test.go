package world

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/protocol/message"
)

func TestOnlyWhatIsUnderstoodIsDone(t *testing.T) {
	for name, c := range map[string]struct {
		words   []protowire.Number
		offline bool
		broken  []string
	}{
		"ThePresentsWords":          {nil, false, nil},
		"ForInformation":            {[]protowire.Number{informational}, false, nil},
		"Essential":                 {[]protowire.Number{informational, essential}, false, []string{"not-understood"}},
		"EssentialAndDoneAlready":   {[]protowire.Number{essential}, true, nil},
		"EssentialBehindOtherWords": {[]protowire.Number{essential, informational}, false, []string{"not-understood"}},
	} {
		t.Run(name, func(t *testing.T) {
			here := counter()
			here.world.tills = []*till{here}
			request := &message.FollowUpRequested{Amount: 30_00, Note: "a note"}
			for _, word := range c.words {
				extend(request, word)
			}
			body, err := proto.Marshal(request)
			require.NoError(t, err)
			id := operator.FollowUpID{7}
			here.evidence.follow(id[:]).offline = c.offline
			here.evidence.beyond(here, string(id[:]), body)
			here.world.checkFollowUpUnderstood(operator.FollowUp{ID: id, OrderID: here.world.list[0].order})
			require.Equal(t, c.broken, broken(here))
		})
	}
}
