package status

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPage: a port that cannot be had is told, with what to do; one that answers, and
// none at all, are not.
func TestPage(t *testing.T) {
	for _, c := range []struct {
		page *Page
		want []Finding
	}{
		{nil, []Finding{}},
		{&Page{Listen: "127.0.0.1:8480"}, []Finding{}},
		{&Page{Listen: "127.0.0.1:8480", Failed: "address already in use"}, []Finding{{
			Code: "page.unreachable", What: "page", Name: "127.0.0.1:8480",
			Text: "health and figures cannot be asked for there: address already in use",
			Next: "see which program has the address (ss -ltnp), and give one of both another: listen in [page]",
		}}},
	} {
		s := well()
		s.Page = c.page
		s.Judge()
		if diff := cmp.Diff(c.want, s.Findings); diff != "" {
			t.Errorf("%+v (-want +got)\n%s", c.page, diff)
		}
	}
}
