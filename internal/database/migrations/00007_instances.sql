-- Both engines run this file. Times are microseconds since 1970 in UTC.

-- +goose Up
-- The GitLab applications that the database has served. GitLab's numbers of people, projects, agents
-- and tokens mean nothing at another one. Rows from before this table belong to the first one that
-- opens the database afterwards, which is number 1.
CREATE TABLE instances (
    number      BIGINT PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE
);

-- Sessions from before end: they were sealed with the server's key alone.
DROP TABLE sessions;
CREATE TABLE sessions (
    id_hash      BYTEA  PRIMARY KEY, -- SHA-256 of the id in the cookie
    instance     BIGINT NOT NULL,
    person       BYTEA  NOT NULL,    -- GitLab's number of the person, under a MAC
    value        BYTEA  NOT NULL,    -- the person and the token pair, sealed with the server's key and the id
    details      BYTEA  NOT NULL,    -- when and where the session was seen, sealed with the server's key
    created_at   BIGINT NOT NULL,    -- this and last_seen_at are for the sweep; the sealed ones count
    last_seen_at BIGINT NOT NULL,
    version      BIGINT NOT NULL     -- counts the token pairs that the session had
);
CREATE INDEX sessions_person ON sessions (person);

-- Engines do not agree on how to change a primary key.
ALTER TABLE readings RENAME TO readings_before;
DROP INDEX readings_read_at;
CREATE TABLE readings (
    instance BIGINT NOT NULL,
    token_id BIGINT NOT NULL,
    minute   BIGINT NOT NULL, -- of read_at, since 1970: a token has one reading a minute
    read_at  BIGINT NOT NULL,
    used_at  BIGINT NOT NULL, -- 0 for never
    PRIMARY KEY (instance, token_id, minute)
);
INSERT INTO readings (instance, token_id, minute, read_at, used_at)
    SELECT 1, token_id, minute, read_at, used_at FROM readings_before;
DROP TABLE readings_before;
CREATE INDEX readings_read_at ON readings (read_at);

ALTER TABLE contacts RENAME TO contacts_before;
DROP INDEX contacts_used_at;
CREATE TABLE contacts (
    instance BIGINT NOT NULL,
    agent_id BIGINT NOT NULL,
    token_id BIGINT NOT NULL, -- the token that was used
    used_at  BIGINT NOT NULL,
    PRIMARY KEY (instance, agent_id)
);
INSERT INTO contacts (instance, agent_id, token_id, used_at)
    SELECT 1, agent_id, token_id, used_at FROM contacts_before;
DROP TABLE contacts_before;
CREATE INDEX contacts_used_at ON contacts (used_at);

-- The audit's indexes begin with the instance, as each of its pages is of one.
ALTER TABLE audit ADD COLUMN instance BIGINT NOT NULL DEFAULT 1;
DROP INDEX audit_of;
DROP INDEX audit_of_agent;
DROP INDEX audit_of_actor;
DROP INDEX audit_of_action;
DROP INDEX audit_of_agent_actor;
DROP INDEX audit_of_agent_action;
DROP INDEX audit_of_actor_action;
DROP INDEX audit_of_agent_actor_action;
DROP INDEX audit_of_agent_number;
DROP INDEX audit_agent;
DROP INDEX audit_token;
CREATE INDEX audit_of ON audit (instance, project_id, id, at);
CREATE INDEX audit_of_agent ON audit (instance, project_id, agent_name, id, at);
CREATE INDEX audit_of_actor ON audit (instance, project_id, actor_name, id, at);
CREATE INDEX audit_of_action ON audit (instance, project_id, action, id, at);
CREATE INDEX audit_of_agent_actor ON audit (instance, project_id, agent_name, actor_name, id, at);
CREATE INDEX audit_of_agent_action ON audit (instance, project_id, agent_name, action, id, at);
CREATE INDEX audit_of_actor_action ON audit (instance, project_id, actor_name, action, id, at);
CREATE INDEX audit_of_agent_actor_action ON audit (instance, project_id, agent_name, actor_name, action, id, at);
CREATE INDEX audit_of_agent_number ON audit (instance, project_id, agent_id, id, at);
CREATE INDEX audit_agent ON audit (instance, agent_id, action);
CREATE INDEX audit_token ON audit (instance, token_id, action);

-- +goose Down
DROP INDEX audit_of;
DROP INDEX audit_of_agent;
DROP INDEX audit_of_actor;
DROP INDEX audit_of_action;
DROP INDEX audit_of_agent_actor;
DROP INDEX audit_of_agent_action;
DROP INDEX audit_of_actor_action;
DROP INDEX audit_of_agent_actor_action;
DROP INDEX audit_of_agent_number;
DROP INDEX audit_agent;
DROP INDEX audit_token;
ALTER TABLE audit DROP COLUMN instance;
CREATE INDEX audit_of ON audit (project_id, id, at);
CREATE INDEX audit_of_agent ON audit (project_id, agent_name, id, at);
CREATE INDEX audit_of_actor ON audit (project_id, actor_name, id, at);
CREATE INDEX audit_of_action ON audit (project_id, action, id, at);
CREATE INDEX audit_of_agent_actor ON audit (project_id, agent_name, actor_name, id, at);
CREATE INDEX audit_of_agent_action ON audit (project_id, agent_name, action, id, at);
CREATE INDEX audit_of_actor_action ON audit (project_id, actor_name, action, id, at);
CREATE INDEX audit_of_agent_actor_action ON audit (project_id, agent_name, actor_name, action, id, at);
CREATE INDEX audit_of_agent_number ON audit (project_id, agent_id, id, at);
CREATE INDEX audit_agent ON audit (agent_id, action);
CREATE INDEX audit_token ON audit (token_id, action);

ALTER TABLE contacts RENAME TO contacts_after;
DROP INDEX contacts_used_at;
CREATE TABLE contacts (
    agent_id BIGINT PRIMARY KEY,
    token_id BIGINT NOT NULL,
    used_at  BIGINT NOT NULL
);
INSERT INTO contacts (agent_id, token_id, used_at)
    SELECT agent_id, token_id, used_at FROM contacts_after WHERE instance = 1;
DROP TABLE contacts_after;
CREATE INDEX contacts_used_at ON contacts (used_at);

ALTER TABLE readings RENAME TO readings_after;
DROP INDEX readings_read_at;
CREATE TABLE readings (
    token_id BIGINT NOT NULL,
    minute   BIGINT NOT NULL,
    read_at  BIGINT NOT NULL,
    used_at  BIGINT NOT NULL,
    PRIMARY KEY (token_id, minute)
);
INSERT INTO readings (token_id, minute, read_at, used_at)
    SELECT token_id, minute, read_at, used_at FROM readings_after WHERE instance = 1;
DROP TABLE readings_after;
CREATE INDEX readings_read_at ON readings (read_at);

DROP TABLE sessions;
CREATE TABLE sessions (
    id_hash      BYTEA  PRIMARY KEY,
    value        BYTEA  NOT NULL,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    version      BIGINT NOT NULL
);
DROP TABLE instances;
