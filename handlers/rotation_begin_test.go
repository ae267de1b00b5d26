package handlers_test

import (
	"testing"
	"time"
)

func TestTheAgentsPageBeginsARotationWithItsNewTokenWhereThatComesFirst(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	form := ".table-head a[hx-get='" + p.agentPath(p.prod) + "/tokens/new?from=rotation']"
	guide := ".table-head a[href='" + p.rotationPath(p.prod) + "']"
	lead, dev := p.as("lead"), p.as("dev")
	begins := func(b *browser, formWanted, guideWanted int) {
		t.Helper()
		page := b.get(p.agentPath(p.prod))
		if forms, guides := page.doc.Find(form).Length(), page.doc.Find(guide).Length(); forms != formWanted || guides != guideWanted {
			t.Errorf("%d links lead to the form of a token and %d to the rotation, want %d and %d", forms, guides, formWanted, guideWanted)
		}
	}
	begins(lead, 1, 0)
	begins(dev, 0, 1) // who may only read looks
	p.addToken("second", time.Hour)
	begins(lead, 0, 1) // it has begun
}
