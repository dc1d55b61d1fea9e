-- pgbench: a position manager's mark of one position.
\set id random(1, 100000)
\set cents random(90, 110)
UPDATE active_positions SET current_price = entry_price * :cents / 100, updated_at = now() WHERE id = :id;
