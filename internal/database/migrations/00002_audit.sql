-- Both engines run this file. Times are microseconds since 1970 in UTC.

-- +goose Up
-- Numbers come from a row that every writer locks: so they grow in the order in which rows
-- become visible, and whoever pages by them misses none. They are never used twice.
CREATE TABLE audit_numbers (
    last BIGINT NOT NULL
);
INSERT INTO audit_numbers (last) VALUES (0);

-- Names are kept as they were: what they belong to may be gone. 0 and '' mean none.
CREATE TABLE audit (
    id           BIGINT PRIMARY KEY,
    at           BIGINT NOT NULL,
    action       TEXT   NOT NULL,
    outcome      TEXT   NOT NULL, -- 'pending' until it is known
    actor_id     BIGINT NOT NULL, -- GitLab's number of the person
    actor_name   TEXT   NOT NULL,
    project_id   BIGINT NOT NULL,
    project_path TEXT   NOT NULL,
    agent_id     BIGINT NOT NULL,
    agent_name   TEXT   NOT NULL,
    token_id     BIGINT NOT NULL,
    token_name   TEXT   NOT NULL,
    client_ip    TEXT   NOT NULL,
    request_id   TEXT   NOT NULL,
    refers_to    BIGINT NOT NULL  -- the row whose unknown outcome this one looked into
);
CREATE INDEX audit_project ON audit (project_id, id);
CREATE INDEX audit_at ON audit (at);

-- +goose Down
DROP TABLE audit;
DROP TABLE audit_numbers;
