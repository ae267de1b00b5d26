package gitlabtest

// The operations on repositories, as faults and counters name them.
const (
	OpGetFile            = "get file"
	OpListTree           = "list tree"
	OpRawBlob            = "raw blob"
	OpGetBranch          = "get branch"
	OpCreateCommit       = "create commit"
	OpListMergeRequests  = "list merge requests"
	OpCreateMergeRequest = "create merge request"

	OpListDescendantGroups = "list descendant groups"
)

// repositoryRoutes are the addresses of what projects keep in git, and of what lies in groups.
func repositoryRoutes() []route {
	project := param{name: "id"}
	const (
		projects   = "/api/v4/projects/{id}"
		repository = projects + "/repository"
		readCode   = anyScope + " read_repository"
	)
	return []route{
		{OpGetFile, "GET " + repository + "/files/{file_path}", readCode, []param{
			project, textParam("file_path").require(), textParam("ref").require(),
		}, getFile},
		{OpListTree, "GET " + repository + "/tree", readCode, paged(
			project, textParam("path"), textParam("ref"), booleanParam("recursive"),
		), listTree},
		{OpRawBlob, "GET " + repository + "/blobs/{sha}/raw", readCode, []param{project, textParam("sha").require()}, rawBlob},
		{OpGetBranch, "GET " + repository + "/branches/{branch}", readCode, []param{project, textParam("branch").require()}, getBranch},
		{OpCreateCommit, "POST " + repository + "/commits", anyScope, []param{
			project, textParam("branch").require(), textParam("commit_message").require(), param{name: "actions"}.require(), textParam("start_branch"),
		}, createCommit},
		{OpListMergeRequests, "GET " + projects + "/merge_requests", anyScope, paged(
			project, textParam("source_branch"), textParam("state").oneOf("opened", "closed", "locked", "merged", "all"),
		), listMergeRequests},
		{OpCreateMergeRequest, "POST " + projects + "/merge_requests", anyScope, []param{
			project, textParam("source_branch").require(), textParam("target_branch").require(), textParam("title").require(),
			textParam("description"), booleanParam("remove_source_branch"),
		}, createMergeRequest},

		{OpListDescendantGroups, "GET /api/v4/groups/{id}/descendant_groups", anyScope, paged(project, textParam("search")), listDescendantGroups},
	}
}
