# Every way in which a row can be written: the extremes and the archive do not
# depend on it.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";
use PositionTelemetry;
use Test::More;

my $node = new_cluster('load_paths');
attach_ok($node, 'public');

# Three positions, opened at 100 and not marked yet.
sub start_over {
  query($node, <<'SQL');
    SET session_replication_role = replica;
    TRUNCATE active_positions, position_history, telemetry_events;
    RESET session_replication_role;
    INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, alpaca_order_id, stop_loss)
    SELECT n, 'T', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', 'order ' || n, 90 FROM generate_series(1, 3) AS n;
SQL
  return;
}

# What a script makes of them. positions: those that were marked or closed, by id,
# status, best and worst percent, last mark; history: id, exit price, best and
# worst percent.
sub writes_ok {
  my ($name, %case) = @_;
  local $Test::Builder::Level = $Test::Builder::Level + 1;
  section $name => sub {
    start_over();
    query($node, $case{sql});
    is(query($node, <<'SQL'), join("\n", @{ $case{positions} }), "$name: positions");
      SELECT id, status, round(best_unrealized_pnl_pct, 2), round(worst_unrealized_pnl_pct, 2), round(last_mark_price, 2)
        FROM active_positions WHERE last_mark_time IS NOT NULL OR status = 'closed' ORDER BY id
SQL
    is(query($node, 'SELECT position_id, round(exit_price, 2), round(mfe_pct, 2), round(mae_pct, 2) FROM position_history ORDER BY position_id'),
      join("\n", @{ $case{history} }), "$name: history");
  };
  return;
}

# ------------------------------------------------------------------- statements

my $insert = 'INSERT INTO active_positions (id, ticker, side, quantity, entry_price, entry_time, status, alpaca_order_id, current_price)';
my $opened = q{'long', 10, 100, timestamptz '2026-02-02 14:30+00'};

writes_ok('COPY', sql => <<'SQL', positions => [ '11|open|5.00|0.00|', '12|open|0.00|-4.00|96.00', '13|closed|9.00|0.00|' ], history => ['13|109.00|9.00|0.00']);
  COPY active_positions (id, ticker, side, quantity, entry_price, entry_time, status, current_price, last_mark_price) FROM stdin;
11	T	long	10	100	2026-02-02 14:30+00	open	105	\N
12	T	long	10	100	2026-02-02 14:30+00	open	105	96
13	T	long	10	100	2026-02-02 14:30+00	closed	109	\N
14	T	long	10	100	2026-02-02 14:30+00	open	\N	\N
\.
SQL

writes_ok('INSERT ... SELECT ... RETURNING', sql => <<"SQL", positions => [ '11|open|5.00|0.00|', '12|closed|6.00|0.00|' ], history => ['12|106.00|6.00|0.00']);
  CREATE TEMPORARY TABLE returned (id bigint, best numeric);
  WITH made AS ($insert SELECT n, 'T', $opened, CASE n WHEN 11 THEN 'open' ELSE 'closed' END, NULL, 94 + n FROM generate_series(11, 12) AS n
                RETURNING id, best_unrealized_pnl_pct)
  INSERT INTO returned SELECT * FROM made;
  SELECT 1 / (count(*) = 2)::integer FROM returned WHERE best = id - 6
SQL

writes_ok('ON CONFLICT DO NOTHING', sql => <<"SQL", positions => ['1|open|2.00|0.00|102.00'], history => []);
  UPDATE active_positions SET current_price = 102 WHERE id = 1;
  $insert VALUES (11, 'T', $opened, 'open', 'order 1', 150), (12, 'T', $opened, 'closed', 'order 1', 50) ON CONFLICT (alpaca_order_id) DO NOTHING;
  $insert VALUES (1, 'T', $opened, 'closed', NULL, 50) ON CONFLICT DO NOTHING
SQL

writes_ok('ON CONFLICT DO UPDATE', sql => <<"SQL", positions => [ '1|open|7.00|-3.00|97.00', '2|closed|8.00|0.00|108.00', '11|open|1.00|0.00|' ], history => ['2|108.00|8.00|0.00']);
  PREPARE upsert(text, text, numeric) AS $insert VALUES (11, 'T', $opened, \$2, \$1, \$3)
    ON CONFLICT (alpaca_order_id) DO UPDATE SET current_price = excluded.current_price, status = excluded.status,
      best_unrealized_pnl_pct = excluded.best_unrealized_pnl_pct, worst_unrealized_pnl_pct = excluded.worst_unrealized_pnl_pct;
  EXECUTE upsert('order 1', 'open', 107);
  EXECUTE upsert('order 1', 'open', 97);
  EXECUTE upsert('order 2', 'closed', 108);
  EXECUTE upsert('order 11', 'open', 101)
SQL

writes_ok('MERGE', sql => <<"SQL", positions => [ '1|open|4.00|0.00|104.00', '2|closed|0.00|-6.00|94.00', '11|closed|3.00|0.00|', '12|open|3.00|0.00|' ],
  UPDATE active_positions SET last_mark_price = 101 WHERE id = 3;
  MERGE INTO active_positions p
  USING (VALUES (1, 104, 'open'), (2, 94, 'closed'), (3, 101, 'gone'), (11, 103, 'closed'), (12, 103, 'open'), (13, 0, 'never')) AS s (id, price, status)
     ON p.id = s.id
   WHEN MATCHED AND s.status = 'gone' THEN DELETE
   WHEN MATCHED THEN UPDATE SET current_price = s.price, status = s.status
   WHEN NOT MATCHED AND s.status <> 'never' THEN
     INSERT (id, ticker, side, quantity, entry_price, status, current_price) VALUES (s.id, 'T', 'long', 10, 100, s.status, s.price)
SQL
  history => [ '2|94.00|0.00|-6.00', '3|101.00|1.00|0.00', '11|103.00|3.00|0.00' ]);

foreach my $mode (qw(force_generic_plan force_custom_plan)) {
  writes_ok("prepared statements, $mode", sql => <<"SQL", positions => [ '1|open|12.00|-6.00|99.00', '2|closed|5.00|0.00|105.00' ], history => ['2|105.00|5.00|0.00']);
    SET plan_cache_mode = $mode;
    PREPARE mark(numeric, bigint) AS UPDATE active_positions SET current_price = \$1 WHERE id = \$2;
    PREPARE close(numeric, text, bigint) AS UPDATE active_positions SET current_price = \$1, status = \$2 WHERE id = \$3;
    EXECUTE mark(101, 1); EXECUTE mark(112, 1); EXECUTE mark(94, 1); EXECUTE mark(103, 1); EXECUTE mark(98, 1); EXECUTE mark(97, 1); EXECUTE mark(99, 1);
    EXECUTE close(102, 'open', 2); EXECUTE close(105, 'closed', 2); EXECUTE close(105, 'closed', 2)
SQL
}

writes_ok('WHERE CURRENT OF', sql => <<'SQL', positions => [ '1|open|0.00|-2.00|98.00', '2|closed|3.00|0.00|103.00' ], history => [ '2|103.00|3.00|0.00', '3||0.00|0.00' ]);
  BEGIN;
  DECLARE c CURSOR FOR SELECT * FROM active_positions ORDER BY id FOR UPDATE;
  MOVE NEXT FROM c;
  UPDATE active_positions SET current_price = 98 WHERE CURRENT OF c;
  MOVE NEXT FROM c;
  UPDATE active_positions SET current_price = 103, status = 'closed' WHERE CURRENT OF c;
  MOVE NEXT FROM c;
  DELETE FROM active_positions WHERE CURRENT OF c;
  COMMIT
SQL

writes_ok('UPDATE ... FROM', sql => <<'SQL', positions => [ '1|open|4.00|0.00|104.00', '2|closed|8.00|0.00|108.00', '3|open|0.00|-7.00|93.00' ], history => ['2|108.00|8.00|0.00']);
  UPDATE active_positions p SET current_price = q.price FROM (VALUES (1, 104), (2, 108), (3, 93)) AS q (id, price) WHERE p.id = q.id;
  UPDATE active_positions p SET status = q.status FROM (VALUES (1, 'closing'), (2, 'Closed'), (1, 'closing')) AS q (id, status) WHERE p.id = q.id;
  UPDATE active_positions SET status = lower(replace(status, 'closing', 'open'))
SQL

writes_ok('UPDATE ... SET (...) = (SELECT ...)', sql => <<'SQL', positions => [ '1|closed|1.00|0.00|101.00', '2|open|2.00|0.00|102.00', '3|closed|3.00|0.00|103.00' ], history => [ '1|101.00|1.00|0.00', '3|103.00|3.00|0.00' ]);
  UPDATE active_positions p SET (current_price, status) = (SELECT 100 + p.id, CASE WHEN p.id = 2 THEN 'open' ELSE 'closed' END)
SQL

writes_ok('writable CTEs', sql => <<"SQL", positions => [ '1|open|0.00|-1.00|99.00', '2|closed|6.00|0.00|106.00', '11|closed|9.00|0.00|', '12|open|5.00|0.00|' ],
  WITH marked AS (UPDATE active_positions SET current_price = 99 WHERE id = 1 RETURNING id),
       closed AS (UPDATE active_positions SET current_price = 106, status = 'closed' WHERE id = 2 RETURNING id),
       made AS ($insert VALUES (11, 'T', $opened, 'closed', NULL, 109), (12, 'T', $opened, 'open', NULL, 105) RETURNING id),
       gone AS (DELETE FROM active_positions WHERE id = 3 RETURNING id)
  SELECT 1 / (count(*) = 5)::integer FROM (SELECT id FROM marked UNION SELECT id FROM closed UNION SELECT id FROM made UNION SELECT id FROM gone) AS all_of_them
SQL
  history => [ '2|106.00|6.00|0.00', '3||0.00|0.00', '11|109.00|9.00|0.00' ]);

writes_ok('through a view', sql => <<'SQL', positions => [ '1|closed|0.00|-5.00|95.00', '11|open|2.00|0.00|' ], history => ['1|95.00|0.00|-5.00']);
  CREATE TEMPORARY VIEW mine AS SELECT id, ticker, side, quantity, entry_price, current_price, status FROM active_positions WHERE ticker = 'T' WITH CHECK OPTION;
  UPDATE mine SET current_price = 95, status = 'closed' WHERE id = 1;
  INSERT INTO mine VALUES (11, 'T', 'long', 10, 100, 102, 'open')
SQL

# -------------------------------------------------------------- triggers of users

# With a trigger of the user's, called at a time with a body, that is there for one case.
sub triggered_ok {
  my ($name, $when, $body, %case) = @_;
  local $Test::Builder::Level = $Test::Builder::Level + 1;
  start_over();
  query($node, "CREATE FUNCTION users_trigger() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN $body; RETURN NEW; END \$\$;
                CREATE TRIGGER users_trigger $when EXECUTE FUNCTION users_trigger()");
  writes_ok($name, %case);
  query($node, 'DROP FUNCTION users_trigger() CASCADE');
  return;
}

triggered_ok('a BEFORE trigger that corrects the price',
  'BEFORE UPDATE ON active_positions FOR EACH ROW', 'NEW.current_price := NEW.current_price - 0.5',
  sql => 'UPDATE active_positions SET current_price = 105 WHERE id = 1; UPDATE active_positions SET current_price = 95 WHERE id = 1',
  positions => ['1|open|4.50|-5.50|94.50'], history => []);

triggered_ok('a BEFORE trigger that closes at the stop',
  'BEFORE UPDATE ON active_positions FOR EACH ROW',
  q{IF NEW.current_price <= NEW.stop_loss THEN NEW.status := 'closed'; NEW.close_reason := 'stop_loss'; NEW.exit_price := NEW.stop_loss; END IF},
  sql => 'UPDATE active_positions SET current_price = 95; UPDATE active_positions SET current_price = 89 WHERE id < 3',
  positions => [ '1|closed|0.00|-11.00|89.00', '2|closed|0.00|-11.00|89.00', '3|open|0.00|-5.00|95.00' ],
  history => [ '1|90.00|0.00|-11.00', '2|90.00|0.00|-11.00' ]);

triggered_ok('a BEFORE trigger that refuses rows',
  'BEFORE UPDATE ON active_positions FOR EACH ROW', 'IF NEW.id = 2 THEN RETURN NULL; END IF',
  sql => q{UPDATE active_positions SET current_price = 104; UPDATE active_positions SET status = 'closed'},
  positions => [ '1|closed|4.00|0.00|104.00', '3|closed|4.00|0.00|104.00' ], history => [ '1|104.00|4.00|0.00', '3|104.00|4.00|0.00' ]);

triggered_ok('an AFTER trigger that marks the same row again',
  'AFTER UPDATE ON active_positions FOR EACH ROW WHEN (OLD.current_price IS DISTINCT FROM NEW.current_price)',
  'UPDATE active_positions SET last_mark_price = NEW.current_price + 2 WHERE id = NEW.id',
  sql => 'UPDATE active_positions SET current_price = 103 WHERE id < 3; UPDATE active_positions SET current_price = 97 WHERE id = 1',
  positions => [ '1|open|5.00|-3.00|99.00', '2|open|5.00|0.00|105.00' ], history => []);

triggered_ok('an AFTER trigger that closes the same row',
  q{AFTER UPDATE ON active_positions FOR EACH ROW WHEN (NEW.current_price <= NEW.stop_loss AND NEW.status = 'open')},
  q{UPDATE active_positions SET status = 'closed', close_reason = 'stop_loss' WHERE id = NEW.id},
  sql => 'UPDATE active_positions SET current_price = 85 + 2 * id',
  positions => [ '1|closed|0.00|-13.00|87.00', '2|closed|0.00|-11.00|89.00', '3|open|0.00|-9.00|91.00' ],
  history => [ '1|87.00|0.00|-13.00', '2|89.00|0.00|-11.00' ]);

triggered_ok('an AFTER trigger that reopens what is closed too early',
  q{AFTER UPDATE ON active_positions FOR EACH ROW WHEN (NEW.status = 'closed' AND NEW.current_price > 100)},
  q{UPDATE active_positions SET status = 'open' WHERE id = NEW.id},
  sql => q{UPDATE active_positions SET status = 'closed', current_price = 98 + id},
  positions => [ '1|closed|0.00|-1.00|99.00', '2|closed|0.00|0.00|100.00', '3|open|1.00|0.00|101.00' ],
  history => [ '1|99.00|0.00|-1.00', '2|100.00|0.00|0.00' ]);

triggered_ok('a trigger on history that writes to the position',
  'AFTER INSERT ON position_history FOR EACH ROW', 'UPDATE public.active_positions SET fees = 3 WHERE id = NEW.position_id',
  sql => q{UPDATE active_positions SET status = 'closed', current_price = 101 WHERE id < 3},
  positions => [ '1|closed|1.00|0.00|101.00', '2|closed|1.00|0.00|101.00' ], history => [ '1|101.00|1.00|0.00', '2|101.00|1.00|0.00' ]);
is(query($node, 'SELECT position_id, fees, net_pnl_dollars FROM position_history ORDER BY 1'), "1|3.00000000|7.00000000\n2|3.00000000|7.00000000",
  'what it writes reaches history');

# ------------------------------------------------------------- an archive that fails

start_over();
query($node, <<'SQL');
  UPDATE active_positions SET current_price = 107;
  UPDATE active_positions SET current_price = 96;
  ALTER TABLE position_history ADD CONSTRAINT no_exit_at_13 CHECK (exit_price <> 13);
SQL
my $before = snapshot($node, 'public');
foreach my $statement (
  "UPDATE active_positions SET status = 'closed', current_price = 13 WHERE id = 1",
  "UPDATE active_positions SET status = 'closed', exit_price = 11 + id",
  "WITH closed AS (UPDATE active_positions SET status = 'closed', exit_price = 13 WHERE id = 2 RETURNING id) SELECT * FROM closed",
  "$insert VALUES (11, 'T', $opened, 'closed', NULL, 13)",
  "INSERT INTO active_positions (id, ticker, status) VALUES (1, 'T', 'open') ON CONFLICT (id) DO UPDATE SET status = 'closed', exit_price = 13",
  "SELECT position_telemetry.close_position(1, 13, 'stop_loss')",
  "BEGIN; UPDATE active_positions SET status = 'closed', exit_price = 50 WHERE id = 3; UPDATE active_positions SET status = 'closed', exit_price = 13 WHERE id = 1; COMMIT") {
  is(sqlstate($node, $statement), '23514', "fails with the error of the archive: $statement");
  unchanged_ok(snapshot($node, 'public'), $before, 'and every position is as it was');
}
like(error_of($node, "UPDATE active_positions SET status = 'closed', exit_price = 13 WHERE id = 1"), qr/no_exit_at_13/, 'the error names the constraint');

# What a savepoint undoes is not archived later, what it does not touch is.
my $script = <<'SQL';
  \set ON_ERROR_STOP off
  BEGIN;
  UPDATE active_positions SET status = 'closed', exit_price = 108 WHERE id = 1;
  SAVEPOINT before_13;
  UPDATE active_positions SET status = 'closed', exit_price = 13 WHERE id = 2;
  ROLLBACK TO before_13;
  UPDATE active_positions SET current_price = 94 WHERE id = 2;
  UPDATE active_positions SET status = 'closed', exit_price = 95 WHERE id = 3;
  COMMIT;
SQL
error_of($node, $script);
archive_ok($node, 'public', 'after a savepoint what is closed is archived once');
is(query($node, 'SELECT position_id, exit_price FROM position_history ORDER BY 1'), "1|108.00000000\n3|95.00000000", 'and nothing that was undone');
query($node, "ALTER TABLE position_history DROP CONSTRAINT no_exit_at_13; UPDATE active_positions SET status = 'closed', current_price = 13 WHERE id = 2");
is(query($node, 'SELECT exit_price, mfe_pct, mae_pct FROM position_history WHERE position_id = 2'), '13.00000000|7.00000000|-87.00000000',
  'without the constraint the same closing is archived');
verify_ok($node, 'public', 'every object is in place');

done_testing();
