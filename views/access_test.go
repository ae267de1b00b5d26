package views

import (
	"testing"

	"gitlab-agent-portal/internal/i18n"
)

// hostileConfig is a configuration whose author tries to break out of the page.
func hostileConfig() ConfigModel {
	return ConfigModel{
		State: ConfigPresent, Path: hostileName, URL: "https://gitlab.example.com/a/-/blob/main/config.yaml",
		Repeated: []string{hostileName}, More: 2,
		CI: ConfigAccess{More: 3, MoreDropped: 1, Grants: []ConfigGrant{
			{Kind: GrantInstance, Verdict: ConfigVerdict{Effect: EffectDepends, Label: "Needs an administrator", Reason: hostileName}},
			{Kind: GrantGroup, Path: "shop", URL: "https://gitlab.example.com/shop", Verdict: ConfigVerdict{Effect: EffectYes, Label: "In effect"}},
			{Kind: GrantProject, Path: hostileName, Environments: []string{hostileName}, Notes: []string{hostileName}, Verdict: ConfigVerdict{Effect: EffectNo, Label: "Dropped", Reason: hostileName}},
		}},
	}
}

func TestConfigurationFile(t *testing.T) {
	t.Parallel()
	const blob = "https://gitlab.example.com/shop/-/blob/main/config.yaml"
	file := func(state ConfigState, url string) ConfigModel {
		return ConfigModel{State: state, Path: ".gitlab/agents/prod/config.yaml", URL: url}
	}
	granted, broken := file(ConfigPresent, blob), file(ConfigBroken, blob)
	granted.CI = ConfigAccess{More: 2, MoreDropped: 1, Grants: []ConfigGrant{
		{Kind: GrantGroup, Path: "shop", URL: "https://gitlab.example.com/shop", Verdict: ConfigVerdict{Effect: EffectYes, Label: "In effect"}},
		{Kind: GrantProject, Path: "no path", Environments: []string{"production", "qa"}, ProtectedRefs: true, Verdict: ConfigVerdict{Effect: EffectNo, Label: "Dropped", Reason: "It is outside."}},
	}}
	granted.Repeated, granted.More = []string{"Line 3: a was there before."}, 4
	people, everybody := file(ConfigPresent, ""), file(ConfigPresent, "")
	people.User, everybody.CI = ConfigAccess{Grants: []ConfigGrant{{Kind: GrantGroup, Path: "shop"}}}, ConfigAccess{Grants: []ConfigGrant{{Kind: GrantInstance}}}
	broken.Problems, broken.Detail, broken.More = []string{"Line 3: This is not valid YAML.", "Line 4: wrong."}, "did not find expected key", 5
	silent := file(ConfigPresent, blob)
	silent.Unasked, silent.CI.Grants = true, []ConfigGrant{{Kind: GrantGroup, Path: "shop", Notes: []string{"acts as the job"}, Verdict: ConfigVerdict{Effect: EffectYes, Label: "In effect"}}}
	certain := broken
	certain.Certain = true
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
		"broken":                     {certain, []string{"GitLab refuses the whole fileUntil it is corrected, the agent goes on", "Line 3: This is not valid YAML.Line 4: wrong.and 5 more did not find expected key"}, []string{blob}},
		"broken, as far as is known": {broken, []string{"GitLab most likely refuses the whole file"}, []string{blob}},
		"present, lets nobody in":    {file(ConfigPresent, blob), []string{"only pipelines of the agent’s own project", "Nobody."}, []string{blob}},
		"present, lets some in":      {granted, []string{"Group shop In effect", "Project no path only in production, qa only from protected branches and tags Dropped It is outside.", "and 2 more (1 of them dropped)", "Nobody.", "GitLab takes the last one Line 3: a was there before.and 4 more", "A change takes a minute or two"}, []string{blob, "https://gitlab.example.com/shop"}},
		"present, GitLab silent":     {silent, []string{"Group shop acts as the job In effect", "GitLab did not say which grants it took"}, []string{blob}},
		"present, lets everybody in": {everybody, []string{"Everything on this GitLab"}, nil},
		"present, lets people in":    {people, []string{"Members of these, from Developer up, may use it", "also switches on GitLab’s dashboard for Kubernetes"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			section := render(t, accessTab(testPage(i18n.English), tt.model)).Find("section.config")
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
