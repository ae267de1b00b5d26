package views

import (
	"testing"

	"gitlab-agent-portal/internal/i18n"
)

// hostileConfig is a configuration whose author tries to break out of the page.
func hostileConfig() *ConfigModel {
	return &ConfigModel{
		State: ConfigPresent, Path: hostileName, URL: "https://gitlab.example.com/a/-/blob/main/config.yaml",
		CI: ConfigAccess{Instance: true, More: 3, Grants: []ConfigGrant{
			{Group: true, Path: "shop", URL: "https://gitlab.example.com/shop"}, {Path: hostileName, Environments: []string{hostileName}},
		}},
	}
}

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

func TestConfigurationFile(t *testing.T) {
	t.Parallel()
	const blob = "https://gitlab.example.com/shop/-/blob/main/config.yaml"
	file := func(state ConfigState, url string) ConfigModel {
		return ConfigModel{State: state, Path: ".gitlab/agents/prod/config.yaml", URL: url}
	}
	granted, broken := file(ConfigPresent, blob), file(ConfigBroken, blob)
	granted.CI = ConfigAccess{More: 1, Grants: []ConfigGrant{
		{Group: true, Path: "shop", URL: "https://gitlab.example.com/shop"}, {Path: "no path", Environments: []string{"production", "qa"}, ProtectedBranches: true},
	}}
	broken.Problem, broken.Detail = "Line 3: This is not valid YAML.", "did not find expected key"
	for name, tt := range map[string]struct {
		model ConfigModel
		// text stands in the section; link is the address of its only link, "" for none.
		texts []string
		links []string
	}{
		"absent":                     {file(ConfigAbsent, "https://gitlab.example.com/new"), []string{"There is none on the default branch"}, []string{"https://gitlab.example.com/new"}},
		"absent, branch not known":   {file(ConfigAbsent, ""), []string{"There is none on the default branch"}, nil},
		"not to be read":             {file(ConfigForbidden, ""), []string{"You may not read this project’s repository"}, nil},
		"not known":                  {file(ConfigUnknown, ""), []string{"GitLab did not send it in time"}, nil},
		"broken":                     {broken, []string{"cannot be used", "Line 3: This is not valid YAML.", "did not find expected key"}, []string{blob}},
		"present, lets nobody in":    {file(ConfigPresent, blob), []string{"only pipelines of the agent’s own project", "Nobody."}, []string{blob}},
		"present, lets some in":      {granted, []string{"Group shop", "Project no path only in production, qa only from protected branches", "and 1 more", "Nobody."}, []string{blob, "https://gitlab.example.com/shop"}},
		"present, lets everybody in": {ConfigModel{State: ConfigPresent, CI: ConfigAccess{Instance: true}}, []string{"Everything on this GitLab"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			section := render(t, ConnectSteps(testPage(i18n.English), ConnectModel{Known: true, Config: &tt.model})).Find("section.config")
			for _, text := range tt.texts {
				wantText(t, section.Parent(), "section.config", text)
			}
			wantCount(t, section, "a", len(tt.links))
			for _, link := range tt.links {
				wantCount(t, section, `a.external[href="`+link+`"]`, 1)
			}
			wantText(t, section, ".config-path", tt.model.Path)
		})
	}
}
