-- Both engines run this file.

-- +goose Up
-- How often the person has changed something at GitLab since the session began: what a replica has read
-- before is not shown any more.
ALTER TABLE sessions ADD COLUMN changes BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE sessions DROP COLUMN changes;
