package views

import (
	"testing"

	"gitlab-agent-portal/internal/i18n"
)

func TestWaysToInstallAreTabsWithoutScriptOrAddress(t *testing.T) {
	t.Parallel()
	connect := render(t, ConnectSteps(testPage(i18n.English), testConnect())).Selection
	wantCount(t, connect, `fieldset.variants > legend`, 1)
	wantCount(t, connect, `.variant-tabs label > input[type="radio"][name="variant"]`, 2)
	wantCount(t, connect, `input[value="helm"][checked]`, 1)
	wantCount(t, connect, `input[checked]`, 1)
	wantCount(t, connect, `.variants a, .variants form, .variants button:not([data-copy])`, 0)
	wantCount(t, connect, `section.variant[data-variant="helm"][aria-label="Helm"] .steps li`, 1)
	wantText(t, connect, `[data-variant="glab"] .notice-warning`, "glab, flux")
	wantCount(t, connect, `[data-variant="helm"] .notice`, 0)
	wantCount(t, connect, `.variant-note, .config`, 0)
}

func TestAPrivateAuthorityIsSaidOnceForAllWays(t *testing.T) {
	t.Parallel()
	m := testConnect()
	m.CAFile = "gitlab-ca.pem"
	connect := render(t, ConnectSteps(testPage(i18n.English), m)).Selection
	wantCount(t, connect, ".variant-note", 1)
	wantText(t, connect, ".variant-note", "Save it as gitlab-ca.pem")
}
