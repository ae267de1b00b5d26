package portal

import (
	"io"
	"net/http"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/views"
)

// program asks for an address as a script does: with a header of its own, and nothing of a browser's.
func (b *browser) program(address, name, value string) (page, error) {
	request, err := http.NewRequestWithContext(b.ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return page{}, err
	}
	request.Header.Set(name, value)
	response, err := b.client.Do(request)
	if err != nil {
		return page{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return page{response.StatusCode, response.Header, string(body)}, err
}

// program notes what a script is answered.
func (s *search) program(what, address, name, value string) {
	s.t.Helper()
	got, err := newBrowser(s.t).program(address, name, value)
	if err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
	s.answer(what, got)
}

// programs reads all that programs may read, with tokens of the lead's that GitLab has just issued.
func (s *search) programs(when string) {
	s.t.Helper()
	for name, scheme := range map[string]string{"PRIVATE-TOKEN": "", "Authorization": "Bearer "} {
		secret := s.gitlab.AddPersonalToken(gitlabtest.PersonalToken{User: s.gitlab.lead})
		for _, path := range []string{
			views.PatternFleetJSON, views.PatternFleetCSV, views.PatternActivityCSV, views.PatternAlertsJSON, views.PatternHistoryCSV, views.PatternProjects,
			views.PatternFleetJSON + "?scope=group:nothing", views.PatternActivityCSV + "?from=x",
		} {
			s.program(when+": GET "+path+" by a program", s.portal.url+path, name, scheme+secret)
		}
		s.gitlab.RevokePersonalToken(secret)
		s.program(when+": with a token that was revoked", s.portal.url+views.PatternActivityCSV, name, scheme+secret)
	}
}
