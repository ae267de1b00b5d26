package gitlabapi

import (
	"context"
	"net/url"
)

// RawFile returns a file of a project's repository as it is on the default branch
// (https://docs.gitlab.com/api/repository_files/#get-raw-file-from-repository).
// ErrNotFound when there is no such file or nothing in the repository at all;
// ErrForbidden when the person may not read it or it is switched off; ErrTooLarge
// above 1 MiB.
func (c *Client) RawFile(ctx context.Context, project ProjectRef, path string) ([]byte, error) {
	var file []byte
	_, err := c.do(ctx, request{
		op: "get file", path: project.path("/repository/files/" + segment(path) + "/raw"),
		query: url.Values{"ref": {"HEAD"}}, text: true,
	}, &file)
	return file, err
}

// RawBlob returns the content that git has under a name in a project's repository
// (https://docs.gitlab.com/api/repositories/#retrieve-raw-blob-content). ErrNotFound when it has
// none; the other errors are RawFile's.
func (c *Client) RawBlob(ctx context.Context, project ProjectRef, blobID string) ([]byte, error) {
	var content []byte
	_, err := c.do(ctx, request{op: "get blob", path: project.path("/repository/blobs/" + segment(blobID) + "/raw"), text: true}, &content)
	return content, err
}
