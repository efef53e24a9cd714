-- One row: what the store knows of itself.
CREATE TABLE store (
  -- Twelve hex digits, random: the part of each event's id that tells it from those of another store.
  id TEXT NOT NULL,
  -- Ids below this one were given, though their events may be gone.
  next_event INTEGER NOT NULL DEFAULT 1
) STRICT;

-- The schemes that events were verified by, as they were then.
CREATE TABLE schemes (
  id INTEGER PRIMARY KEY,
  -- TOML, as `hookgate schemes show` prints it. No secret is in it.
  definition TEXT NOT NULL UNIQUE
) STRICT;

-- What was accepted. Rows are appended and, when they are old, deleted; never changed.
CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  received_at INTEGER NOT NULL,
  source TEXT NOT NULL,
  scheme TEXT NOT NULL,
  definition INTEGER NOT NULL,
  secret TEXT NOT NULL,
  type TEXT,
  delivery_id TEXT,
  peer TEXT,
  method TEXT NOT NULL,
  target TEXT NOT NULL,
  headers TEXT NOT NULL,
  payload TEXT NOT NULL,
  body BLOB NOT NULL
) STRICT;

-- An id is never given again, whoever deletes its event.
CREATE TRIGGER events_keep_their_ids BEFORE DELETE ON events WHEN OLD.id >= (SELECT next_event FROM store)
BEGIN
  UPDATE store SET next_event = OLD.id + 1;
END;

-- By what a delivery that comes again is known; kept when its event is pruned.
CREATE TABLE replay_keys (
  event INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  key BLOB NOT NULL
) STRICT;
