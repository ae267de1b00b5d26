package gitlabtest

import (
	"fmt"
	"net/http"
	"strings"
)

// mergeRequest is an open one; nobody merges here.
type mergeRequest struct {
	id, iid                            int64
	source, target, title, description string
}

type mergeRequestBody struct {
	ID           int64  `json:"id"`
	IID          int64  `json:"iid"`
	ProjectID    int64  `json:"project_id"`
	Title        string `json:"title"`
	Description  string `json:"description"`
	State        string `json:"state"`
	SourceBranch string `json:"source_branch"`
	TargetBranch string `json:"target_branch"`
	WebURL       string `json:"web_url"`
}

func (c *call) mergeRequestBody(p *Project) func(*mergeRequest) mergeRequestBody {
	return func(m *mergeRequest) mergeRequestBody {
		return mergeRequestBody{
			ID: m.id, IID: m.iid, ProjectID: p.ID, Title: m.title, Description: m.description, State: "opened",
			SourceBranch: m.source, TargetBranch: m.target, WebURL: fmt.Sprintf("%s/%s/-/merge_requests/%d", c.base(), c.fullPath(p), m.iid),
		}
	}
}

// listMergeRequests is lib/api/merge_requests.rb.
func listMergeRequests(c *call) (Answer, error) {
	p, _, err := c.readableCode("")
	if err != nil {
		return Answer{}, err
	}
	var found []*mergeRequest
	for _, m := range c.mergeRequests[p.ID] {
		if source := c.values.text("source_branch"); source == "" || source == m.source {
			found = append(found, m)
		}
	}
	return offsetPage(c, found, c.mergeRequestBody(p)), nil
}

// createMergeRequest is lib/api/merge_requests.rb: one source has one open merge request.
func createMergeRequest(c *call) (Answer, error) {
	p, _, err := c.readableCode("")
	if err != nil {
		return Answer{}, err
	}
	source, target := c.values.text("source_branch"), c.values.text("target_branch")
	switch {
	case !c.canPush(c.user, p):
		return Answer{}, refuseStatus(http.StatusForbidden)
	case c.branch(p.ID, source) == nil || c.branch(p.ID, target) == nil:
		return Answer{}, refuse(http.StatusBadRequest, "Source branch or target branch does not exist")
	}
	all := c.mergeRequests[p.ID]
	for _, m := range all {
		if m.source == source {
			return Answer{}, refusal{jsonAnswer(http.StatusConflict, messageBody{[]string{
				fmt.Sprintf("Another open merge request already exists for this source branch: !%d", m.iid),
			}})}
		}
	}
	m := &mergeRequest{
		id: c.nextID("merge request", 0), iid: int64(len(all) + 1), source: source, target: target,
		title: strings.TrimSpace(c.values.text("title")), description: c.values.text("description"),
	}
	c.mergeRequests[p.ID] = append(all, m)
	return jsonAnswer(http.StatusCreated, c.mergeRequestBody(p)(m)), nil
}
