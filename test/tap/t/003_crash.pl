# The server is killed in the middle of marks, closes and reopenings. After every
# restart what is closed is archived, exactly once, and nothing else is.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";
use IPC::Run;
use PositionTelemetry;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $positions = 4000;

my $node = new_cluster('crash');
attach_ok($node, 'public');
query($node, <<"SQL");
  INSERT INTO active_positions (ticker, instrument_type, side, quantity, entry_price, entry_time, status, stop_loss)
  SELECT 'T' || n % 50, 'STOCK', CASE n % 2 WHEN 0 THEN 'long' ELSE 'short' END, 10, 100, now(), 'open', 95
    FROM generate_series(1, $positions) AS n
SQL

my $load = $node->basedir . '/load.sql';
append_to_file($load, <<"SQL");
\\set id random(1, $positions)
\\set cents random(8000, 12000)
\\set action random(1, 100)
UPDATE active_positions SET current_price = :cents / 100.0 WHERE id = :id;
\\if :action <= 20
UPDATE active_positions SET status = 'closed', close_reason = 'stop_loss', current_price = :cents / 100.0 WHERE id = :id;
\\elif :action <= 30
UPDATE active_positions SET status = 'open' WHERE id = :id;
\\elif :action <= 40
BEGIN;
UPDATE active_positions SET current_price = :cents / 99.0 WHERE id = :id;
UPDATE active_positions SET status = 'closed' WHERE id = :id;
COMMIT;
\\elif :action <= 45
UPDATE active_positions SET status = CASE WHEN status = 'open' THEN 'closed' ELSE 'open' END WHERE id BETWEEN :id AND :id + 20;
\\elif :action <= 50
INSERT INTO active_positions (ticker, instrument_type, side, quantity, entry_price, entry_time, status, current_price)
VALUES ('NEW', 'STOCK', 'long', 1, 100, now(), CASE :id % 2 WHEN 0 THEN 'open' ELSE 'closed' END, :cents / 100.0);
\\elif :action <= 60
SELECT position_telemetry.apply_marks(ARRAY['T' || :id % 50], ARRAY[:cents / 100.0]);
\\endif
SQL

# Starts the load, and after a while kills the postmaster and whatever of it is
# still at work, as the kernel does when memory runs out.
sub kill_under_load {
  my ($output, $errors) = ('', '');
  my $pgbench = IPC::Run::start(
    [ 'pgbench', '-n', '-c', 4, '-j', 2, '-T', 60, '--max-tries', 20, '-f', $load, $node->connstr('postgres') ],
    '<', \undef, '>', \$output, '2>', \$errors);
  my $marks = 'SELECT count(*) FROM active_positions WHERE last_mark_time IS NOT NULL';
  my $before = query($node, $marks);
  sleep 1 + rand;
  my $during = query($node, $marks);
  my @processes = split /\n/, query($node, 'SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
  push @processes, (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
  $node->kill9;
  kill 'KILL', @processes;
  $pgbench->finish;
  wait_until_gone(@processes);
  return $errors =~ /the backend died|server closed the connection|terminat/ && $during > $before;
}

# The killed server's shared memory goes when its last process has.
sub wait_until_gone {
  my @processes = @_;
  for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default) {
    @processes = grep { kill 0, $_ } @processes or return;
    sleep 0.1;
  }
  die "still running: @processes";
}

foreach my $round (1 .. 3) {
  ok(kill_under_load(), "round $round: the server was killed while it was marking");
  ok($node->start(fail_ok => 1), "round $round: the server recovers");
  archive_ok($node, 'public', "round $round: what is closed is archived once, nothing else is");
  is(query($node, "SELECT count(*) FILTER (WHERE status = 'closed') > 100, count(*) FILTER (WHERE status = 'open') > 100 FROM active_positions"),
    't|t', "round $round: there are open and closed positions to look at");
  is(query($node, <<'SQL'), '', "round $round: the extremes enclose the last mark");
    SELECT id FROM active_positions
     WHERE NOT (worst_unrealized_pnl_pct <= least(current_pnl_percent, 0) AND best_unrealized_pnl_pct >= greatest(current_pnl_percent, 0)
                AND last_mark_price BETWEEN least(mfe_price, mae_price) AND greatest(mfe_price, mae_price))
SQL
  verify_ok($node, 'public', "round $round: every object is in place");
}
is(query($node, "SELECT count(*) - count(DISTINCT position_id) FROM position_history"), 0, 'no position is archived twice');
is(join('', grep { /(?:ERROR|PANIC):/ && !/deadlock detected/ } split /^/, slurp_file($node->logfile)), '', 'no statement of the load failed');

done_testing();
