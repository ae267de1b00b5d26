-- Both engines run this file. Times are microseconds since 1970 in UTC.

-- +goose Up
-- What a request named and GitLab had not shown to the person who sent it: it is no part of any
-- project's history. 0 means none.
ALTER TABLE audit ADD COLUMN claimed_project_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN claimed_agent_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN claimed_token_id BIGINT NOT NULL DEFAULT 0;

-- Equal refusals are one row. last_at is when the last of several came, 0 for a row of one.
ALTER TABLE audit ADD COLUMN times BIGINT NOT NULL DEFAULT 1;
ALTER TABLE audit ADD COLUMN last_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN merge_key TEXT NOT NULL DEFAULT ''; -- what equal refusals share while they can still join
ALTER TABLE audit ADD COLUMN told_lost BIGINT NOT NULL DEFAULT 0; -- 1 once AUDIT_LOG was told that the end is unknown

-- So far the numbers of refused requests were taken as they came. Only where the path is known
-- did GitLab show the project.
UPDATE audit SET claimed_project_id = project_id, claimed_agent_id = agent_id, claimed_token_id = token_id,
    project_id = 0, agent_id = 0, token_id = 0
    WHERE project_path = '' AND outcome <> 'ok' AND outcome <> 'pending';

CREATE UNIQUE INDEX audit_merging ON audit (merge_key) WHERE merge_key <> '';
CREATE INDEX audit_pending ON audit (at) WHERE outcome = 'pending';

-- A page is read from the newest rows of each of the person's projects: an index for each
-- combination of fields that a project's rows are narrowed down by, so that none is searched. The time
-- is in each of them, so that the rows themselves are only looked at when they are shown.
DROP INDEX audit_project;
CREATE INDEX audit_of ON audit (project_id, id, at);
CREATE INDEX audit_of_agent ON audit (project_id, agent_name, id, at);
CREATE INDEX audit_of_actor ON audit (project_id, actor_name, id, at);
CREATE INDEX audit_of_action ON audit (project_id, action, id, at);
CREATE INDEX audit_of_agent_actor ON audit (project_id, agent_name, actor_name, id, at);
CREATE INDEX audit_of_agent_action ON audit (project_id, agent_name, action, id, at);
CREATE INDEX audit_of_actor_action ON audit (project_id, actor_name, action, id, at);
CREATE INDEX audit_of_agent_actor_action ON audit (project_id, agent_name, actor_name, action, id, at);
CREATE INDEX audit_of_agent_number ON audit (project_id, agent_id, id, at);

-- For what a look afterwards told of a create.
CREATE INDEX audit_looks ON audit (refers_to, agent_id, action) WHERE refers_to > 0;

-- Days become numbers of rows by it, without a look at the rows.
DROP INDEX audit_at;
CREATE INDEX audit_at ON audit (at, id);

-- +goose Down
DROP INDEX audit_at;
CREATE INDEX audit_at ON audit (at);
DROP INDEX audit_looks;
DROP INDEX audit_of_agent_number;
DROP INDEX audit_of_agent_actor_action;
DROP INDEX audit_of_actor_action;
DROP INDEX audit_of_agent_action;
DROP INDEX audit_of_agent_actor;
DROP INDEX audit_of_action;
DROP INDEX audit_of_actor;
DROP INDEX audit_of_agent;
DROP INDEX audit_of;
CREATE INDEX audit_project ON audit (project_id, id);
DROP INDEX audit_pending;
DROP INDEX audit_merging;
ALTER TABLE audit DROP COLUMN told_lost;
ALTER TABLE audit DROP COLUMN merge_key;
ALTER TABLE audit DROP COLUMN last_at;
ALTER TABLE audit DROP COLUMN times;
ALTER TABLE audit DROP COLUMN claimed_token_id;
ALTER TABLE audit DROP COLUMN claimed_agent_id;
ALTER TABLE audit DROP COLUMN claimed_project_id;
