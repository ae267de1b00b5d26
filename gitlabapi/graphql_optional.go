package gitlabapi

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
)

// optionalField is a part of a query that not every instance knows. An instance that does not know it
// runs no query that has it: that is found out once, and remembered.
type optionalField struct {
	name   string // as GitLab's refusal has it
	text   string // as the query has it
	absent *atomic.Bool
}

// receptive is receptiveField, in the Enterprise Edition only, from 17.4.
func (c *core) receptive() optionalField {
	return optionalField{receptiveField, receptiveField, &c.noReceptive}
}

// warnings is warningsField, of later instances.
func (c *core) warnings() optionalField {
	return optionalField{"warnings", warningsField, &c.noWarnings}
}

// queryOptional runs a query with the optional field, or without it where the instance does not know
// that.
func queryOptional[T any](ctx context.Context, c *Client, op string, q graphQLRequest, field optionalField) (*T, []graphQLError, error) {
	full := q.Query
	if field.absent.Load() {
		q.Query = strings.ReplaceAll(full, field.text, "")
	}
	data, errs, err := query[T](ctx, c, op, q)
	refused, ok := errors.AsType[*Error](err)
	if !ok || q.Query != full || !strings.Contains(full, field.text) || !errors.Is(err, ErrGraphQL) || !strings.Contains(refused.Message, field.name) {
		return data, errs, err
	}
	field.absent.Store(true)
	q.Query = strings.ReplaceAll(full, field.text, "")
	return query[T](ctx, c, op, q)
}
