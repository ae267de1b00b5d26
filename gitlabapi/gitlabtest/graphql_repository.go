package gitlabtest

import (
	"errors"
	"path"
	"slices"
	"strings"
)

// repositoryResolver answers the fields of Repository.
type repositoryResolver struct {
	RootRef string
	c       *call
	p       *Project
}

// Repository is null for those who may not read it.
func (r *projectResolver) Repository() *repositoryResolver {
	if r.c.user == nil || !r.c.canReadCode(r.c.user, r.p) {
		return nil
	}
	return &repositoryResolver{RootRef: defaultBranch, c: r.c, p: r.p}
}

type treeResolver struct {
	c     *call
	files []blobResolver
}

type blobResolver struct{ Sha, Name, Path string }

// Tree is a folder, with what is in the folders below it only if that is asked for
// (app/graphql/resolvers/tree_resolver.rb).
func (r *repositoryResolver) Tree(args struct {
	Path      string
	Ref       *string
	Recursive bool
},
) (*treeResolver, error) {
	if message := r.c.settings.GitalyErrors[r.p.ID]; message != "" {
		return nil, errors.New(message)
	}
	ref := ""
	if args.Ref != nil {
		ref = *args.Ref
	}
	at := r.c.commitAt(r.p.ID, ref)
	if at == nil {
		return nil, nil //nolint:nilnil // GraphQL's null
	}
	return &treeResolver{r.c, at.blobsIn(strings.Trim(args.Path, "/"), args.Recursive)}, nil
}

// Blobs are in the order of their paths.
func (r *treeResolver) Blobs(args pageArgs) (*connection[blobResolver], error) {
	return connect(r.files, args, func(b blobResolver) blobResolver { return b })
}

// blobsIn are the files in a folder, and with recursion those below it, in the order of their paths.
func (b *branch) blobsIn(folder string, recursive bool) []blobResolver {
	var found []blobResolver
	for name, f := range b.files {
		rest, below := strings.CutPrefix(name, folder+"/")
		if folder == "" {
			rest, below = name, true
		}
		if below && (recursive || !strings.Contains(rest, "/")) {
			found = append(found, blobResolver{Sha: f.blobID(), Name: path.Base(name), Path: name})
		}
	}
	slices.SortFunc(found, func(a, b blobResolver) int { return strings.Compare(a.Path, b.Path) })
	return found
}
