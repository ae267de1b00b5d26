package gitlabapi

import (
	"context"
	"net/http"
	"net/url"
)

// NewMergeRequest asks for one branch to be merged into another, and to be removed then.
type NewMergeRequest struct {
	Source, Target     string
	Title, Description string
}

// MergeRequest is a merge request by its number in its project.
type MergeRequest struct{ IID int64 }

// CreateMergeRequest opens a merge request (https://docs.gitlab.com/api/merge_requests/#create-mr);
// one POST, never repeated. ErrInvalid when the source has an open one already. Ask OutcomeUnknown of
// every error that is not GitLab's own refusal.
func (c *Client) CreateMergeRequest(ctx context.Context, project ProjectRef, wanted NewMergeRequest) (MergeRequest, error) {
	r := request{op: "create merge request", method: http.MethodPost, path: project.path("/merge_requests"), json: newMergeRequestJSON{
		Source: wanted.Source, Target: wanted.Target, Title: wanted.Title, Description: wanted.Description, RemoveSource: true,
	}}
	return one(ctx, c, r, mergeRequestJSON.mergeRequest)
}

// MergeRequestOf returns the open merge request of a source branch. ErrNotFound when there is none.
func (c *Client) MergeRequestOf(ctx context.Context, project ProjectRef, source string) (MergeRequest, error) {
	const op = "find merge request"
	query := paging(url.Values{"source_branch": {source}, "state": {"opened"}}, 1, 1)
	page, err := list(ctx, c, request{op: op, path: project.path("/merge_requests"), query: query}, mergeRequestJSON.mergeRequest)
	if err == nil && len(page.Items) == 0 {
		err = &Error{Op: op, kind: ErrNotFound, detail: "no open merge request of that branch"}
	}
	if err != nil {
		return MergeRequest{}, err
	}
	return page.Items[0], nil
}

type newMergeRequestJSON struct {
	Source       string `json:"source_branch"`
	Target       string `json:"target_branch"`
	Title        string `json:"title"`
	Description  string `json:"description"`
	RemoveSource bool   `json:"remove_source_branch"`
}

type mergeRequestJSON struct {
	IID int64 `json:"iid"`
}

func (m mergeRequestJSON) mergeRequest() (MergeRequest, bool) { return MergeRequest(m), m.IID > 0 }
