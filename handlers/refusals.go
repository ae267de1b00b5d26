package handlers

import (
	"errors"
	"net/http"
	"strings"

	"gitlab-agent-portal/gitlabapi"
)

// restrictedID is the id of the texts about an account that GitLab restricts.
func restrictedID(why gitlabapi.Restriction) string { return "restricted_" + string(why) }

// forbiddenID is the id of the texts about a 403. Whether a Maintainer is needed it does not tell:
// that is known only where the rights were asked.
func forbiddenID(err error) string {
	if why := gitlabapi.RestrictionOf(err); why != gitlabapi.RestrictionNone {
		return restrictedID(why)
	}
	return "forbidden"
}

// said is GitLab's own reason for a 403, empty where it gives none.
func said(err error) string {
	if refused, ok := errors.AsType[*gitlabapi.Error](err); ok && errors.Is(err, gitlabapi.ErrForbidden) {
		return strings.Join(refused.Reasons(), "; ")
	}
	return ""
}

// whyForbidden finds the reason for a 403 that gives none: GitLab says the same of a missing role,
// of a project that takes no changes, and of a feature that is switched off.
func whyForbidden(r *http.Request, s *session, refused error) error {
	isPlain := errors.Is(refused, gitlabapi.ErrForbidden) && !errors.Is(refused, gitlabapi.ErrInsufficientScope) &&
		gitlabapi.RestrictionOf(refused) == gitlabapi.RestrictionNone
	if !isPlain {
		return refused
	}
	project, err := pathID(r, "project")
	if err != nil {
		return refused
	}
	access, err := s.read.WhyRefused(r.Context(), project)
	if err != nil {
		return refused
	}
	if reason := (*httpError)(nil); errors.As(requireManage(access), &reason) {
		return reason.because(refused)
	}
	return refused
}
