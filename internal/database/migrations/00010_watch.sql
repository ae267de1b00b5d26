-- Both engines run this file. Times are microseconds since 1970 in UTC.

-- +goose Up
-- Which replica reads with the watch's tokens, and how its readings go.
CREATE TABLE watches (
    instance      BIGINT PRIMARY KEY,
    holder        TEXT   NOT NULL DEFAULT '', -- the replica's claim, by a random name
    held_until    BIGINT NOT NULL DEFAULT 0,  -- its end by the database's clock
    read_at       BIGINT NOT NULL DEFAULT 0,  -- when the last reading began that succeeded; 0 for never
    failing_since BIGINT NOT NULL DEFAULT 0,  -- 0 while readings succeed
    failure       TEXT   NOT NULL DEFAULT '', -- why the last one failed, in words of the portal's own
    last_alert    BIGINT NOT NULL DEFAULT 0,  -- the number of the newest alert
    last_message  BIGINT NOT NULL DEFAULT 0   -- the number of the newest message
);

-- The agents as the watch read them last. Names are kept as they were: the agent may be gone.
CREATE TABLE watched (
    instance     BIGINT NOT NULL,
    agent_id     BIGINT NOT NULL,
    project_id   BIGINT NOT NULL,
    project_path TEXT   NOT NULL,
    agent_name   TEXT   NOT NULL,
    status       TEXT   NOT NULL, -- that of internal/agent
    status_since BIGINT NOT NULL, -- when it became so, as far as the watch saw
    last_contact BIGINT NOT NULL, -- 0 for never
    tokens       TEXT   NOT NULL, -- the numbers of the active ones, in order, between spaces
    pending      TEXT   NOT NULL, -- what the rules have seen once and have to see again, in JSON
    first_seen   BIGINT NOT NULL,
    gone_at      BIGINT NOT NULL, -- 0 while it is registered
    PRIMARY KEY (instance, agent_id)
);
CREATE INDEX watched_project ON watched (instance, project_id);

-- What became of agents, and nothing where nothing did. The order of the columns, in the key too, is
-- that in which PostgreSQL leaves no room between them: this is the table that grows.
CREATE TABLE transitions (
    agent_id BIGINT   NOT NULL,
    at       BIGINT   NOT NULL,
    token_id BIGINT   NOT NULL, -- 0 where it is not about a token
    instance INTEGER  NOT NULL,
    kind     SMALLINT NOT NULL, -- that of internal/history
    PRIMARY KEY (agent_id, at, token_id, instance, kind)
);
CREATE INDEX transitions_at ON transitions (at);

CREATE TABLE alerts (
    instance     BIGINT NOT NULL,
    id           BIGINT NOT NULL,
    kind         TEXT   NOT NULL,
    project_id   BIGINT NOT NULL, -- 0 and '' for the watch itself
    project_path TEXT   NOT NULL,
    agent_id     BIGINT NOT NULL,
    agent_name   TEXT   NOT NULL,
    since        BIGINT NOT NULL,
    opened_at    BIGINT NOT NULL,
    resolved_at  BIGINT NOT NULL, -- 0 while it is open
    ack_by_id    BIGINT NOT NULL DEFAULT 0,
    ack_by       TEXT   NOT NULL DEFAULT '',
    ack_at       BIGINT NOT NULL DEFAULT 0,
    ack_until    BIGINT NOT NULL DEFAULT 0,
    ack_note     TEXT   NOT NULL DEFAULT '',
    PRIMARY KEY (instance, id)
);
-- One state per rule and agent.
CREATE UNIQUE INDEX alerts_open ON alerts (instance, kind, agent_id) WHERE resolved_at = 0;
CREATE INDEX alerts_project ON alerts (instance, project_id, id);
CREATE INDEX alerts_resolved ON alerts (resolved_at);

-- Changes that a route of NOTIFY_FILE has not been told of. One change is one row per route, whatever
-- replica writes it, and goes when the message that holds it was sent or given up.
CREATE TABLE outbox (
    instance BIGINT NOT NULL,
    route    TEXT   NOT NULL,
    alert_id BIGINT NOT NULL,
    change   TEXT   NOT NULL, -- 'opened' or 'resolved'
    kind     TEXT   NOT NULL,
    about    TEXT   NOT NULL, -- the alert as it was then, in JSON: every try says the same
    message  BIGINT NOT NULL DEFAULT 0, -- the number of the message that holds it; 0 for none yet
    at       BIGINT NOT NULL,
    PRIMARY KEY (instance, route, alert_id, change)
);
CREATE INDEX outbox_message ON outbox (instance, message);
CREATE INDEX outbox_at ON outbox (at);

-- Messages to routes. A route has one that waits at most: what comes meanwhile is the next one.
CREATE TABLE messages (
    instance   BIGINT NOT NULL,
    id         BIGINT NOT NULL,
    name       TEXT   NOT NULL, -- random, the same for every try: receivers know by it what they have
    route      TEXT   NOT NULL,
    state      TEXT   NOT NULL, -- 'waiting', 'sent' or 'dropped'
    tries      BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    next_at    BIGINT NOT NULL,            -- when it is due
    lease      TEXT   NOT NULL DEFAULT '', -- who sends it, by a random name
    held_until BIGINT NOT NULL DEFAULT 0,  -- the lease's end by the database's clock
    PRIMARY KEY (instance, id)
);
CREATE UNIQUE INDEX messages_waiting ON messages (instance, route) WHERE state = 'waiting';
CREATE INDEX messages_created ON messages (created_at);

-- +goose Down
DROP TABLE messages;
DROP TABLE outbox;
DROP TABLE alerts;
DROP TABLE transitions;
DROP TABLE watched;
DROP TABLE watches;
