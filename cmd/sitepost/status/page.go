package status

// A Page is how the loopback port does: see package page.
type Page struct {
	Listen string `json:"listen"`           // the address of the site file
	Failed string `json:"failed,omitempty"` // why nobody can ask there; "" is that one can
}

const nextPage = "see which program has the address (ss -ltnp), and give one of both another: listen in [page]"

// judgePage: the site is guarded all the same, but nobody is told what is wrong there.
func judgePage(s *Snapshot) []Finding {
	if s.Page == nil || s.Page.Failed == "" {
		return nil
	}
	return []Finding{{Name: s.Page.Listen, Text: textPage(s.Page.Failed), Next: nextPage}}
}

func textPage(why string) string {
	return "health and figures cannot be asked for there: " + why
}
