# pg_dump and back: the same rows in all tables, nothing archived twice, telemetry
# as it was, and life goes on in the restored database.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";
use PositionTelemetry;
use Test::More;

my $options = '{"max_mark_move_pct": 50, "timestamp_zone": "America/New_York", "not_a_trade": ["manual", "deleted"]}';

my $node = new_cluster('dump_restore');
$node->run_log([ 'createdb', '-h', $node->host, '-p', $node->port, 'desk' ]);
query($node, 'CREATE EXTENSION position_telemetry', database => 'desk');

# Tables that attach() made, with a little of everything that happens to positions.
attach_ok($node, 'public', database => 'desk', options => $options);
query($node, <<'SQL', database => 'desk');
  INSERT INTO active_positions (ticker, instrument_type, side, quantity, entry_price, entry_time, status, stop_loss, alpaca_order_id,
                                execution_uuid, entry_features_json)
  SELECT 'T' || n % 5, 'STOCK', CASE n % 2 WHEN 0 THEN 'long' ELSE 'short' END, n, 100, '2026-02-02 14:30+00', 'open', 95, 'order-' || n,
         gen_random_uuid(), jsonb_build_object('n', n)
    FROM generate_series(1, 40) AS n;
  INSERT INTO active_positions (option_symbol, side, quantity, entry_price, entry_time, status, current_price)
  VALUES ('SPY260220C00600000', 'long', 2, 5, '2026-02-02 14:30+00', 'open', 6);
  UPDATE active_positions SET current_price = entry_price * 1.1;
  UPDATE active_positions SET last_mark_price = entry_price * 0.9 WHERE id % 3 = 0;
  UPDATE active_positions SET last_mark_price = 'NaN' WHERE id = 2;
  UPDATE active_positions SET last_mark_price = 1000 WHERE id = 4;
  UPDATE active_positions SET status = 'closed', close_reason = 'take_profit' WHERE id BETWEEN 10 AND 20;
  UPDATE active_positions SET status = 'open' WHERE id = 10;
  UPDATE active_positions SET status = 'open' WHERE id = 11;
  UPDATE active_positions SET status = 'closed', close_reason = 'stop_loss', exit_price = 91 WHERE id = 11;
  UPDATE active_positions SET fees = 1.25 WHERE id = 12;
  DELETE FROM active_positions WHERE id IN (13, 30);
  INSERT INTO active_positions (ticker, instrument_type, side, quantity, entry_price, entry_time, status, exit_price, closed_at)
  VALUES ('LATE', 'STOCK', 'long', 1, 100, '2026-02-02 14:30+00', 'closed', 103, '2026-02-02 15:30+00');
  INSERT INTO active_positions (ticker, instrument_type, side, quantity, entry_price, entry_time, status, current_price)
  VALUES ('BAD', 'STOCK', 'long', 1, 100, '2026-02-02 14:30+00', 'open', 'NaN');
  SELECT position_telemetry.correct_excursion(5, 90, 108, 'bad tick');
  INSERT INTO position_history (ticker, instrument_type, side, quantity, entry_price, entry_time, exit_price, exit_time)
  VALUES ('ELSEWHERE', 'STOCK', 'long', 1, 100, '2026-02-01 14:30+00', 103, '2026-02-01 15:30+00');
  INSERT INTO exit_reason_map VALUES ('gamma_squeeze', 'tp', 'TAKE_PROFIT');
  INSERT INTO alpaca_event_dedupe (event_id, event_type) VALUES ('event-1', 'fill');
  INSERT INTO position_fills (event_id, position_id, instrument, side, quantity, price, at, opened_quantity, action)
  VALUES ('event-1', 1, 'T1', 'sell', 1, 100, '2026-02-02 14:30+00', 1, 'opened');
  INSERT INTO learning_recommendations (parameter_name, suggested_value) VALUES ('min_confidence', 0.7);
  INSERT INTO strategy_stats (as_of_date, lookback_days, ticker, strategy_type, asset_type, n_trades) VALUES ('2026-02-02', 90, 'T1', 'unknown', 'stock', 3);
SQL

# Tables that were there before: positions in flight with extremes that a service
# has computed, and positions closed long ago, some with a history row of their own.
query($node, <<'SQL', database => 'desk');
  CREATE SCHEMA legacy;
  SET search_path = legacy;
  CREATE TABLE active_positions (
    id serial PRIMARY KEY, ticker varchar(10), instrument_type varchar(10), side varchar(10), status varchar(10) DEFAULT 'open',
    quantity integer, entry_price numeric(12,4), current_price numeric(12,4), entry_time timestamp, closed_at timestamp,
    close_reason varchar(50), best_unrealized_pnl_pct numeric(12,4), worst_unrealized_pnl_pct numeric(12,4));
  CREATE TABLE position_history (
    id serial PRIMARY KEY, ticker varchar(10), side varchar(10), quantity integer, entry_price numeric(12,4), exit_price numeric(12,4),
    entry_time timestamp, exit_time timestamp, pnl_dollars numeric(12,4), pnl_pct numeric(8,4), exit_reason varchar(50));
  INSERT INTO active_positions (ticker, instrument_type, side, status, quantity, entry_price, current_price, entry_time, closed_at,
                                close_reason, best_unrealized_pnl_pct, worst_unrealized_pnl_pct)
  SELECT 'L' || n, 'stock', 'long', CASE WHEN n <= 10 THEN 'open' ELSE 'closed' END, n, 100, 104, '2026-01-05 09:30',
         CASE WHEN n > 10 THEN timestamp '2026-01-05 10:30' END, CASE WHEN n > 10 THEN 'take_profit' END, 3, -2
    FROM generate_series(1, 20) AS n;
  INSERT INTO position_history (ticker, side, quantity, entry_price, exit_price, entry_time, exit_time, pnl_dollars, pnl_pct, exit_reason)
  SELECT ticker, side, quantity, entry_price, current_price, entry_time, closed_at, 4 * quantity, 4, 'tp' FROM active_positions WHERE id > 15;
SQL
attach_ok($node, 'legacy', database => 'desk', options => '{"timestamp_zone": "America/New_York"}');
query($node, <<'SQL', database => 'desk');
  UPDATE legacy.active_positions SET current_price = 105 WHERE id IN (1, 2);
  UPDATE legacy.active_positions SET status = 'closed', close_reason = 'stop_loss', current_price = 97 WHERE id = 2;
SQL

# What is compared with after every restore.
my %before = map { $_ => snapshot($node, $_, database => 'desk') } qw(public legacy);
verify_ok($node, 'public', 'the database that is dumped is in order', database => 'desk');

sub run_tool {
  my ($tool, @arguments) = @_;
  return $node->command_ok([ $tool, '-h', $node->host, '-p', $node->port, @arguments ], "$tool @arguments");
}

sub same_rows_ok {
  my ($database, $schema, $name) = @_;
  local $Test::Builder::Level = $Test::Builder::Level + 1;
  return unchanged_ok(snapshot($node, $schema, database => $database), $before{$schema}, "$name: the same rows in all tables of $schema");
}

# Marking, closing and opening go on, with ids that nobody has had.
sub life_goes_on_ok {
  my ($database, $schema, $name) = @_;
  local $Test::Builder::Level = $Test::Builder::Level + 1;
  my $open = query($node, "SELECT min(id) FROM $schema.active_positions WHERE status = 'open'", database => $database)
    or return fail("$name: $schema has open positions");
  my $error = error_of($node, <<"SQL", database => $database);
    UPDATE $schema.active_positions SET current_price = 112 WHERE id = $open;
    UPDATE $schema.active_positions SET status = 'closed', close_reason = 'trailing_stop', current_price = 101 WHERE id = $open;
    INSERT INTO $schema.active_positions (ticker, instrument_type, side, quantity, entry_price, entry_time, status, current_price)
    VALUES ('AFTER', 'STOCK', 'long', 1, 100, '2026-02-03 14:30+00', 'open', 105);
    UPDATE $schema.active_positions SET status = 'closed', current_price = 99 WHERE ticker = 'AFTER';
SQL
  is($error, '', "$name: $schema is written to as before");
  is(query($node, "SELECT round(exit_price, 2), exit_reason, round(greatest(mfe_price, mae_price), 2) FROM $schema.position_history WHERE position_id = $open",
      database => $database), '101.00|trail|112.00', "$name: a restored position of $schema is marked and closed");
  return is(query($node, "SELECT round(pnl_pct, 2), round(best_unrealized_pnl_pct, 2) FROM $schema.position_history WHERE ticker = 'AFTER'",
      database => $database), '-1.00|5.00', "$name: a new position of $schema is opened and closed");
}

# Whole, as a script and as an archive that two jobs restore.
foreach my $format (qw(plain custom)) {
  my $file = $node->basedir . "/whole.$format";
  my $copy = "whole_$format";
  run_tool('pg_dump', "--format=$format", "--file=$file", 'desk');
  run_tool('createdb', $copy);
  if ($format eq 'plain') {
    run_tool('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $file, $copy);
  } else {
    run_tool('pg_restore', '--exit-on-error', '--jobs=2', '-d', $copy, $file);
  }
  foreach my $schema (qw(public legacy)) {
    same_rows_ok($copy, $schema, $format);
    verify_ok($node, $schema, "$format: every object of $schema is in place", database => $copy);
    is(query($node, "SELECT object, action FROM position_telemetry.attach('$schema') WHERE action NOT IN ('kept')", database => $copy), '',
      "$format: attach() finds nothing to do in $schema");
  }
  life_goes_on_ok($copy, 'public', $format);
}

# The rows alone, with the triggers at work, into tables that attach() has just
# made. What attach() itself puts into a schema has to go first, or its rows are in
# the way of those that are restored.
my $rows = $node->basedir . '/rows.custom';
run_tool('pg_dump', '--data-only', '--format=custom', '--schema=public', "--file=$rows", 'desk');
run_tool('createdb', 'rows_attached');
query($node, 'CREATE EXTENSION position_telemetry', database => 'rows_attached');
attach_ok($node, 'public', database => 'rows_attached', options => $options);
query($node, 'TRUNCATE telemetry_settings, exit_reason_map', database => 'rows_attached');
run_tool('pg_restore', '--exit-on-error', '--data-only', '-d', 'rows_attached', $rows);
same_rows_ok('rows_attached', 'public', 'rows into a fresh schema');
verify_ok($node, 'public', 'rows into a fresh schema: every object is in place', database => 'rows_attached');
life_goes_on_ok('rows_attached', 'public', 'rows into a fresh schema');

# First the tables with everything that stands on them, then the rows.
foreach my $schema (qw(public legacy)) {
  my ($tables, $rows) = map { $node->basedir . "/$schema.$_.sql" } qw(tables rows);
  my $copy = "rows_$schema";
  run_tool('pg_dump', '--schema-only', "--file=$tables", 'desk');
  run_tool('pg_dump', '--data-only', "--schema=$schema", "--file=$rows", 'desk');
  run_tool('createdb', $copy);
  run_tool('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $_, $copy) foreach $tables, $rows;
  same_rows_ok($copy, $schema, 'tables, then rows');
  verify_ok($node, $schema, "tables, then rows: every object of $schema is in place", database => $copy);
  life_goes_on_ok($copy, $schema, 'tables, then rows');
}

done_testing();
