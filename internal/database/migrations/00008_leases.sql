-- Both engines run this file.

-- +goose Up
-- Who renews a session's tokens claims its row for a while, instead of holding it locked while GitLab
-- answers.
ALTER TABLE sessions ADD COLUMN lease TEXT NOT NULL DEFAULT '';          -- the claim, by a random name
ALTER TABLE sessions ADD COLUMN leased_until BIGINT NOT NULL DEFAULT 0;  -- its end by the database's clock, in microseconds since 1970

-- +goose Down
ALTER TABLE sessions DROP COLUMN leased_until;
ALTER TABLE sessions DROP COLUMN lease;
