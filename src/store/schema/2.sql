-- A checksum over what else stands in the row, see docs/STORE.md. Rows from before there was one have none.
ALTER TABLE events ADD COLUMN sum INTEGER;
ALTER TABLE schemes ADD COLUMN sum INTEGER;

-- One row for the keys of a turn: 16 bytes for each, in the order of their events, of which `event` is the last.
ALTER TABLE replay_keys RENAME COLUMN key TO keys;
ALTER TABLE replay_keys ADD COLUMN sum INTEGER;
