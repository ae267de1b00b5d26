package gitlabapi

import (
	"context"
	"slices"
)

// Folder is what a project keeps below a folder of its default branch.
type Folder struct {
	// Blobs are git's names for the contents, by the files' full paths: none where the folder, or the
	// whole repository, is not there.
	Blobs map[string]string
	// More says that there are more files than GitLab tells at once. They are the last ones by path.
	More bool
}

// The cost, counted as in projectagents_query.go and with one for each field that asks where
// repositories are kept:
//
//	blobs     (pageInfo (1+1) + nodes (1 + path sha) + 1 + 1) · 2.00 = 14
//	node      1 + id + repository (1 + tree (1 + 1 + 14))            = 19
//	projects  (19 + 1) · 2.00                                        = 40
//
// GitLab's reference calls a blob's sha that of the last commit. It is the blob's own, as in git.
const foldersQuery = `query Folders($ids: [ID!]!, $projects: Int!, $folder: String!) {
  projects(ids: $ids, first: $projects) {
    nodes {
      id
      repository { tree(path: $folder, recursive: true) { blobs(first: 100) { pageInfo { hasNextPage } nodes { path sha } } } }
    }
  }
}`

type foldersVariables struct {
	projectsVariables
	Folder string `json:"folder"`
}

// Folders returns what is below a folder of each of the projects, by the projects' numbers
// (https://docs.gitlab.com/api/graphql/reference/#repositorytree). A project is missing that the
// person may not see, or whose repository they may not read, or that was not answered: with a
// *PartialError the map holds the others, with any other error it is nil.
func (c *Client) Folders(ctx context.Context, projects []int64, folder string) (map[int64]Folder, error) {
	ctx, cancel := c.core.readDeadline(ctx)
	defer cancel()
	r := foldersReader{client: c, folder: folder, found: make(map[int64]Folder, len(projects))}
	for size := manyProjects; len(projects) > 0; {
		batch := projects[:min(size, len(projects))]
		err := r.read(ctx, batch)
		if halvable(err) && len(batch) > 1 {
			size = (len(batch) + 1) / 2
			continue
		}
		if err != nil && len(r.found) == 0 {
			return nil, err
		}
		if err != nil {
			return r.found, &PartialError{Op: foldersOp, Messages: append(r.trouble, err.Error()), causes: []error{err}}
		}
		projects = projects[len(batch):]
	}
	if len(r.trouble) > 0 {
		return r.found, &PartialError{Op: foldersOp, Messages: r.trouble}
	}
	return r.found, nil
}

const foldersOp = "read folders by GraphQL"

// foldersReader collects the answers of one call.
type foldersReader struct {
	client  *Client
	folder  string
	found   map[int64]Folder
	trouble []string // the first few messages
}

// read asks for some projects. An error inside one rules it out, and one of which GitLab does not say
// where it lies all that have no folder: their nulls could be anything.
func (r *foldersReader) read(ctx context.Context, projects []int64) error {
	q := graphQLRequest{Query: foldersQuery, OperationName: "Folders", Variables: foldersVariables{variablesOf(projects...), r.folder}}
	data, errs, err := query[foldersData](ctx, r.client, foldersOp, q)
	switch {
	case err != nil:
		return err
	case data.Projects.Nodes == nil:
		return noData(foldersOp, errs)
	}
	failed := make([]int, len(errs))
	for i, e := range errs {
		failed[i] = e.node()
		if len(r.trouble) < maxTrouble {
			r.trouble = append(r.trouble, e.Message)
		}
	}
	for i, node := range data.Projects.Nodes {
		isMissing := slices.Contains(failed, i) || node.tree() == nil && slices.Contains(failed, -1)
		if node.ID != 0 && node.Repository != nil && !isMissing {
			r.found[int64(node.ID)] = node.tree().folder()
		}
	}
	return nil
}

// foldersData is "data" in the answer.
type foldersData struct {
	Projects struct {
		Nodes []folderNode `json:"nodes"`
	} `json:"projects"`
}

// folderNode is a project. Its repository is nil for those who may not read it, and the tree where
// there is none.
type folderNode struct {
	ID         GlobalID `json:"id"`
	Repository *struct {
		Tree *treeNode `json:"tree"`
	} `json:"repository"`
}

func (n folderNode) tree() *treeNode {
	if n.Repository == nil {
		return nil
	}
	return n.Repository.Tree
}

type treeNode struct {
	Blobs struct {
		PageInfo pageInfo `json:"pageInfo"`
		Nodes    []struct {
			Path string `json:"path"`
			SHA  string `json:"sha"`
		} `json:"nodes"`
	} `json:"blobs"`
}

// folder is what the tree holds; of nil that is nothing.
func (t *treeNode) folder() Folder {
	if t == nil {
		return Folder{}
	}
	folder := Folder{Blobs: make(map[string]string, len(t.Blobs.Nodes)), More: t.Blobs.PageInfo.HasNextPage}
	for _, blob := range t.Blobs.Nodes {
		folder.Blobs[blob.Path] = blob.SHA
	}
	return folder
}
