-- Both engines run this file. Times are microseconds since 1970 in UTC.

-- +goose Up
-- Until when a person has spent their allowance of changes, each of which moves that on by its time.
CREATE TABLE allowances (
    person BIGINT PRIMARY KEY,
    until  BIGINT NOT NULL
);
CREATE INDEX allowances_until ON allowances (until);

-- +goose Down
DROP TABLE allowances;
