-- Both engines run this file. Times are microseconds since 1970 in UTC. BYTEA is PostgreSQL's
-- word; SQLite stores a blob under any type name.

-- +goose Up
CREATE TABLE sessions (
    id_hash      BYTEA  PRIMARY KEY, -- SHA-256 of the id in the cookie
    value        BYTEA  NOT NULL,    -- the person and the token pair, sealed with the id as additional data
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    version      BIGINT NOT NULL     -- counts the token pairs that the session had
);

CREATE TABLE used_nonces (
    nonce_hash BYTEA  PRIMARY KEY,
    expires_at BIGINT NOT NULL,
    project_id BIGINT,               -- this and the rest: what the form led to, NULL until known
    agent_id   BIGINT,
    token_id   BIGINT,
    token_name TEXT
);
CREATE INDEX used_nonces_expires_at ON used_nonces (expires_at);

-- +goose Down
DROP TABLE used_nonces;
DROP TABLE sessions;
