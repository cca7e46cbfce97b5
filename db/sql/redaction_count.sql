-- write
-- Adds to how often something was taken out of a text.
INSERT INTO redaction_counts (namespace, kind, count)
SELECT $1::text, kind, number FROM unnest($2::text[], $3::int[]) AS found (kind, number) ORDER BY kind
ON CONFLICT (namespace, kind) DO UPDATE SET count = redaction_counts.count + excluded.count
