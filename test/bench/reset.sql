-- Puts the tables back to the opening book, and switches on the triggers of one contestant only.
-- psql variables: contestant, one of none, noop, plpgsql, extension; fillfactor of active_positions.
SET client_min_messages = warning;
ALTER TABLE active_positions DISABLE TRIGGER USER;
ALTER TABLE active_positions SET (fillfactor = :fillfactor);
TRUNCATE active_positions, position_history, telemetry_events;
INSERT INTO active_positions SELECT * FROM opening_book ORDER BY id;
SELECT format('ALTER TABLE active_positions ENABLE TRIGGER %I', tgname)
FROM pg_trigger
WHERE tgrelid = 'active_positions'::regclass
  AND CASE :'contestant' WHEN 'noop' THEN tgname = 'by_hand_noop'
                         WHEN 'plpgsql' THEN tgname = 'by_hand_plpgsql'
                         WHEN 'extension' THEN tgname LIKE '%position_telemetry%'
                         ELSE false END \gexec
VACUUM (ANALYZE) active_positions, position_history;
CHECKPOINT;
