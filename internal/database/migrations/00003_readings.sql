-- Both engines run this file. Times are microseconds since 1970 in UTC.

-- +goose Up
-- What GitLab said at some moment of a token's last use: its own record is overwritten with each
-- use, so whether a token fell silent can only be told from several looks.
CREATE TABLE readings (
    token_id BIGINT NOT NULL,
    minute   BIGINT NOT NULL, -- of read_at, since 1970: a token has one reading a minute
    read_at  BIGINT NOT NULL,
    used_at  BIGINT NOT NULL, -- 0 for never
    PRIMARY KEY (token_id, minute)
);
CREATE INDEX readings_read_at ON readings (read_at);

-- For whoever asks what became of an agent's tokens.
CREATE INDEX audit_agent ON audit (agent_id, action);
CREATE INDEX audit_token ON audit (token_id, action);

-- +goose Down
DROP INDEX audit_token;
DROP INDEX audit_agent;
DROP TABLE readings;
