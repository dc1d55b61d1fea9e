# Without the extension the tables are what they always were: the user's own.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";
use PositionTelemetry;
use Test::More;

my $node = new_cluster('drop_extension');
query($node, 'CREATE SCHEMA paper');
attach_ok($node, $_) foreach qw(public paper);
query($node, <<"SQL") foreach qw(public paper);
  INSERT INTO $_.active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, stop_loss)
  SELECT n, 'T' || n, 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', 95 FROM generate_series(1, 8) AS n;
  UPDATE $_.active_positions SET current_price = 120;
  UPDATE $_.active_positions SET current_price = 90;
  UPDATE $_.active_positions SET status = 'closed', close_reason = 'take_profit', current_price = 110, closed_at = '2026-02-02 15:30+00' WHERE id <= 2
SQL
my %before = map { $_ => snapshot($node, $_) } qw(public paper);

# One session throughout: what it has cached of the extension goes with the extension.
my $session = $node->background_psql('postgres');
$session->query_safe('UPDATE active_positions SET current_price = 91 WHERE id = 8');
$session->query_safe('UPDATE active_positions SET current_price = 90 WHERE id = 8');
$before{public} = snapshot($node, 'public');

like(error_of($node, 'DROP EXTENSION position_telemetry'), qr/other objects depend on it/,
  'the extension is not dropped by accident while a schema is attached');
query($node, 'DROP EXTENSION position_telemetry CASCADE');
unchanged_ok(snapshot($node, $_), $before{$_}, "DROP EXTENSION leaves every row of $_") foreach qw(public paper);
is(query($node, <<'SQL'), '', 'no trigger and no function of ours is left behind');
  SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal
   UNION ALL SELECT proname::text FROM pg_proc WHERE proname LIKE 'position_telemetry%'
SQL
is(error_of($node, "SELECT format('SELECT count(*) FROM %I.%I', schemaname, viewname) FROM pg_views WHERE schemaname IN ('public', 'paper') \\gexec"),
  '', 'a view that needs nothing of the extension still works');

# Writers go on as if nothing had happened.
$session->query_safe(<<'SQL');
  UPDATE active_positions SET current_price = 150, last_mark_price = 150 WHERE id IN (3, 4);
  UPDATE active_positions SET status = 'closed', close_reason = 'stop_loss', current_price = 85, last_mark_price = 85,
                              closed_at = '2026-02-02 16:30+00' WHERE id = 3;
  INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, current_price, closed_at)
  VALUES (9, 'T9', 'STOCK', 'short', 10, 100, '2026-02-03 14:30+00', 'open', 95, NULL),
         (10, 'T10', 'STOCK', 'short', 10, 100, '2026-02-03 14:30+00', 'closed', 80, '2026-02-03 15:30+00');
  DELETE FROM active_positions WHERE id = 7;
SQL
is($session->query_safe('SELECT count(*) FROM position_history'), 2, 'what is closed without the extension is not archived');
is($session->query_safe('SELECT best_unrealized_pnl_pct, worst_unrealized_pnl_pct FROM active_positions WHERE id = 4'),
  '20.00000000|-10.00000000', 'marks without the extension leave the extremes alone');

# And back.
query($node, 'CREATE EXTENSION position_telemetry');
is(query($node, <<"SQL"), '', "attach() picks up $_ as it was") foreach qw(public paper);
  SELECT object, action, detail FROM position_telemetry.attach('$_')
   WHERE action <> CASE WHEN step IN ('function', 'trigger') THEN 'created' ELSE 'kept' END AND step <> 'view'
SQL
verify_ok($node, $_, "every object of $_ is in place again") foreach qw(public paper);
is(query($node, 'SELECT position_telemetry.backfill_history()'), 2, 'backfill_history() archives what was closed in between');
is(query($node, 'SELECT position_telemetry.backfill_history()'), 0, 'and nothing twice');
archive_ok($node, 'public', 'what is closed is archived once');
is(query($node, <<'SQL'), <<'ROWS' =~ s/\n\z//r, 'with the telemetry it had, and its outcome');
  SET timezone = 'UTC';
  SELECT position_id, exit_price, exit_time, exit_reason, pnl_pct, best_unrealized_pnl_pct, worst_unrealized_pnl_pct, r_multiple
    FROM position_history WHERE position_id IN (3, 10) ORDER BY 1
SQL
3|85.00000000|2026-02-02 16:30:00+00|sl|-15.00000000|20.00000000|-15.00000000|-3.00000000
10|80.00000000|2026-02-03 15:30:00+00|manual|20.00000000|20.00000000|0.00000000|
ROWS

$session->query_safe('UPDATE active_positions SET current_price = 130 WHERE id IN (4, 9)');
is($session->query_safe('SELECT id, best_unrealized_pnl_pct, worst_unrealized_pnl_pct, last_mark_price FROM active_positions WHERE id IN (4, 9) ORDER BY 1'),
  "4|30.00000000|-10.00000000|130.00000000\n9|0.00000000|-30.00000000|130.00000000", 'marks count again, in the same session');
$session->query_safe("UPDATE active_positions SET status = 'closed', current_price = 125 WHERE id IN (4, 9)");
is($session->query_safe('SELECT position_id, pnl_pct FROM position_history WHERE position_id IN (4, 9) ORDER BY 1'),
  "4|25.00000000\n9|-25.00000000", 'and closings are archived again');
$session->quit;

# After detach() nothing depends on the extension any more.
query($node, "SELECT count(*) FROM position_telemetry.detach('$_')") foreach qw(public paper);
my $detached = snapshot($node, 'public');
is(error_of($node, 'DROP EXTENSION position_telemetry'), '', 'a detached extension is dropped without CASCADE');
unchanged_ok(snapshot($node, 'public'), $detached, 'and leaves every row');
query($node, "UPDATE active_positions SET status = 'closed', current_price = 99 WHERE id = 5");
query($node, 'CREATE EXTENSION position_telemetry');
attach_ok($node, 'public');
is(query($node, 'SELECT position_telemetry.backfill_history()'), 1, 'and attach() and backfill_history() pick up from there');

done_testing();
