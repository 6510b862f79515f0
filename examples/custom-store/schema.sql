-- Run as a whole, in one transaction, as often as one likes. One at a time:
SELECT pg_advisory_xact_lock(hashtext('neardict'));

CREATE SCHEMA IF NOT EXISTS neardict;

-- How each namespace is laid out.
CREATE TABLE IF NOT EXISTS neardict.namespaces (
  namespace text PRIMARY KEY,
  layout text NOT NULL
);

-- Where each partition stands. Its row is locked by every write, which puts the writes of a partition in order.
CREATE TABLE IF NOT EXISTS neardict.positions (
  namespace text,
  part int,
  seq bigint NOT NULL,
  nonce bigint NOT NULL,
  PRIMARY KEY (namespace, part)
);

-- Keys are bytes: no text of PostgreSQL holds a NUL, and bytes have the order that a scan by prefix needs.
CREATE TABLE IF NOT EXISTS neardict.entries (
  namespace text,
  part int,
  key bytea,
  bytes bytea NOT NULL,
  version text NOT NULL,
  expires_at timestamptz,
  PRIMARY KEY (namespace, part, key)
);
CREATE INDEX IF NOT EXISTS entries_expires_at ON neardict.entries (namespace, part, expires_at) WHERE expires_at IS NOT NULL;

-- The change log and the messages in one. `id` goes on even if everything is truncated, so a feed never waits for a
-- number that has been.
CREATE TABLE IF NOT EXISTS neardict.log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  namespace text NOT NULL,
  part int NOT NULL,
  previous_seq bigint NOT NULL,
  previous_nonce bigint NOT NULL,
  seq bigint NOT NULL,
  nonce bigint NOT NULL,
  origin bigint NOT NULL,
  clear boolean NOT NULL,
  changes text NOT NULL
);
CREATE INDEX IF NOT EXISTS log_of_part ON neardict.log (namespace, part, id);

-- The last ticket of each holder that was applied, and the position that it made.
CREATE TABLE IF NOT EXISTS neardict.tickets (
  namespace text,
  part int,
  holder bigint,
  number bigint NOT NULL,
  seq bigint NOT NULL,
  nonce bigint NOT NULL,
  used_at timestamptz NOT NULL,
  PRIMARY KEY (namespace, part, holder)
);

-- Applies a batch: one statement and one round trip, so a client that dies half way leaves no lock and no half batch.
CREATE OR REPLACE FUNCTION neardict.write(
  IN _namespace text, IN _part int,
  IN _deletes bytea[],
  IN _keys bytea[], IN _bytes bytea[], IN _versions text[], IN _ttls bigint[],
  IN _if_keys bytea[], IN _if_versions text[],
  IN _holder bigint, IN _number bigint,
  IN _nonce bigint, IN _origin bigint, IN _clear boolean, IN _changes text,
  IN _channel text, IN _lock_ms int,
  OUT outcome text, OUT seq bigint, OUT nonce bigint, OUT existed boolean[],
  OUT conflict_keys bytea[], OUT conflict_bytes bytea[], OUT conflict_ttls bigint[]
) LANGUAGE plpgsql AS $$
DECLARE
  previous_seq bigint;
  previous_nonce bigint;
BEGIN
  -- Nobody waits for the lock longer than the caller waits for the answer.
  PERFORM set_config('lock_timeout', _lock_ms::text, true);
  INSERT INTO neardict.positions VALUES (_namespace, _part, 0, 0) ON CONFLICT DO NOTHING;
  SELECT p.seq, p.nonce INTO previous_seq, previous_nonce FROM neardict.positions p
    WHERE p.namespace = _namespace AND p.part = _part FOR UPDATE;

  SELECT t.seq, t.nonce INTO seq, nonce FROM neardict.tickets t
    WHERE t.namespace = _namespace AND t.part = _part AND t.holder = _holder AND t.number >= _number;
  IF FOUND THEN
    outcome := 'repeated';
    RETURN;
  END IF;

  -- What has expired is as good as deleted; from here on nothing has to look at the time.
  DELETE FROM neardict.entries e
    WHERE e.namespace = _namespace AND e.part = _part AND e.expires_at <= clock_timestamp();

  seq := previous_seq;
  nonce := previous_nonce;
  SELECT array_agg(c.key ORDER BY c.at), array_agg(e.bytes ORDER BY c.at),
      array_agg(neardict.ms_left(e.expires_at) ORDER BY c.at)
    INTO conflict_keys, conflict_bytes, conflict_ttls
    FROM unnest(_if_keys, _if_versions) WITH ORDINALITY AS c(key, version, at)
    LEFT JOIN neardict.entries e ON e.namespace = _namespace AND e.part = _part AND e.key = c.key
    WHERE e.version IS DISTINCT FROM c.version;
  IF conflict_keys IS NOT NULL THEN
    outcome := 'conflict';
    RETURN;
  END IF;

  WITH gone AS (
    DELETE FROM neardict.entries e
      WHERE e.namespace = _namespace AND e.part = _part AND e.key = ANY (_deletes) RETURNING e.key
  )
  SELECT coalesce(array_agg(g.key IS NOT NULL ORDER BY d.at), '{}') INTO existed
    FROM unnest(_deletes) WITH ORDINALITY AS d(key, at) LEFT JOIN gone g ON g.key = d.key;
  INSERT INTO neardict.entries AS e (namespace, part, key, bytes, version, expires_at)
    SELECT _namespace, _part, s.key, s.bytes, s.version, clock_timestamp() + s.ttl * interval '1 millisecond'
    FROM unnest(_keys, _bytes, _versions, _ttls) AS s(key, bytes, version, ttl)
    ON CONFLICT (namespace, part, key) DO UPDATE
    SET bytes = excluded.bytes, version = excluded.version, expires_at = excluded.expires_at;

  outcome := 'applied';
  seq := previous_seq + 1;
  -- The highest of the 48 bits, once set, stays: some write had a time to live.
  nonce := _nonce | (previous_nonce & (1::bigint << 47));
  UPDATE neardict.positions p SET seq = write.seq, nonce = write.nonce
    WHERE p.namespace = _namespace AND p.part = _part;
  INSERT INTO neardict.log (namespace, part, previous_seq, previous_nonce, seq, nonce, origin, clear, changes)
    VALUES (_namespace, _part, previous_seq, previous_nonce, seq, nonce, _origin, _clear, _changes);
  IF _holder IS NOT NULL THEN
    INSERT INTO neardict.tickets AS t VALUES (_namespace, _part, _holder, _number, seq, nonce, clock_timestamp())
      ON CONFLICT (namespace, part, holder) DO UPDATE
      SET number = excluded.number, seq = excluded.seq, nonce = excluded.nonce, used_at = excluded.used_at;
  END IF;
  IF seq % 64 = 0 THEN
    PERFORM neardict.tidy(_namespace, _part);
  END IF;
  -- The message itself is in the log: a notification holds 8000 bytes at most.
  PERFORM pg_notify(_channel, '');
END $$;

-- Milliseconds until then; NULL: no limit.
CREATE OR REPLACE FUNCTION neardict.ms_left(expires_at timestamptz) RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT greatest(0, floor(extract(epoch FROM expires_at - clock_timestamp()) * 1000))::bigint
    WHERE expires_at IS NOT NULL
$$;

-- Forgets all but the last 256 batches, and the tickets of an hour ago.
CREATE OR REPLACE FUNCTION neardict.tidy(_namespace text, _part int) RETURNS void LANGUAGE sql AS $$
  DELETE FROM neardict.log l WHERE l.namespace = _namespace AND l.part = _part AND l.id <= (
    SELECT k.id FROM neardict.log k WHERE k.namespace = _namespace AND k.part = _part
      ORDER BY k.id DESC OFFSET 256 LIMIT 1
  );
  DELETE FROM neardict.tickets t
    WHERE t.namespace = _namespace AND t.part = _part AND t.used_at < clock_timestamp() - interval '1 hour';
$$;
