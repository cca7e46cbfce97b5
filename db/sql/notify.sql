-- write
-- Tells every process that listens. Not part of the transaction it speaks of: a NOTIFY
-- inside it would make all savers commit one after another (a lock of the whole cluster).
SELECT pg_notify('sage_events', $1::text)
