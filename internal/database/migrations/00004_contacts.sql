-- Both engines run this file. Times are microseconds since 1970 in UTC.

-- +goose Up
-- The newest use of any of an agent's tokens that the portal was told of. GitLab tells of active
-- tokens only: with the token it forgets that the agent was ever connected.
CREATE TABLE contacts (
    agent_id BIGINT PRIMARY KEY,
    token_id BIGINT NOT NULL, -- the token that was used
    used_at  BIGINT NOT NULL
);
CREATE INDEX contacts_used_at ON contacts (used_at);

-- +goose Down
DROP TABLE contacts;
