package gitlabtest

import (
	"encoding/base64"
	"fmt"
	"strconv"
)

// pageArgs are the arguments of a connection.
type pageArgs struct {
	First *int32
	After *string
}

// connection is one page of a list as GraphQL has it.
type connection[T any] struct {
	Count    int32
	PageInfo pageInfo
	Nodes    []T
}

type pageInfo struct {
	HasNextPage, HasPreviousPage bool
	StartCursor, EndCursor       *string
}

// connect cuts a page out of all, resolving only what is on it. A cursor stands for the number of
// rows up to and including its own.
func connect[T, U any](all []T, args pageArgs, resolve func(T) U) (*connection[U], error) {
	start, err := readCursor(args.After)
	if err != nil {
		return nil, err
	}
	start = min(start, len(all))
	size := maxPerPage
	if args.First != nil {
		size = min(max(int(*args.First), 0), maxPerPage)
	}
	end := min(start+size, len(all))
	page := &connection[U]{
		Count:    int32(len(all)),
		PageInfo: pageInfo{HasNextPage: end < len(all), HasPreviousPage: start > 0},
		Nodes:    mapSlice(all[start:end], resolve),
	}
	if start < end {
		first, last := cursor(start+1), cursor(end)
		page.PageInfo.StartCursor, page.PageInfo.EndCursor = &first, &last
	}
	return page, nil
}

func cursor(row int) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(row)))
}

func readCursor(after *string) (int, error) {
	if after == nil || *after == "" {
		return 0, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(*after)
	if err != nil {
		return 0, fmt.Errorf("invalid cursor: %s", *after)
	}
	row, err := strconv.Atoi(string(text))
	if err != nil || row < 0 {
		return 0, fmt.Errorf("invalid cursor: %s", *after)
	}
	return row, nil
}
