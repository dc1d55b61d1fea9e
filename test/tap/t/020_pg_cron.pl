# The nightly statistics, run by the real pg_cron: where it is in this database,
# where it lives in another one, and where there is none.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";
use PositionTelemetry;
use PostgreSQL::Test::Utils;
use Test::More;

my $share = `pg_config --sharedir`;
chomp $share;
plan skip_all => 'pg_cron is not installed' unless -e "$share/extension/pg_cron.control";

my $schedule = q{SELECT position_telemetry.schedule_nightly_stats};
my $one_trade = <<'SQL';
  INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
  VALUES (1, 'AAPL', 'STOCK', 'long', 10, 100, now() - interval '1 hour', 'open');
  UPDATE active_positions SET status = 'closed', exit_price = 110, close_reason = 'take_profit';
SQL

sub prepare {
  my ($node, $database) = @_;
  query($node, "SELECT position_telemetry.attach(); $one_trade", database => $database);
}

sub stats_of {
  my ($node, $database) = @_;
  return query($node, "SELECT ticker, n_trades, win_rate, expectancy FROM strategy_stats", database => $database);
}

# No pg_cron at all: the line of the hint is one that a crontab can run.
my $plain = new_cluster('without_pg_cron');
prepare($plain, 'postgres');
is(sqlstate($plain, "$schedule()"), '55000', 'without pg_cron: a clear error');
my ($line) = error_of($plain, "$schedule('30 3 * * 1-5')") =~ /crontab: (.*)/;
like($line, qr/^30 3 \* \* 1-5 psql /, 'whose hint shows the crontab line');
my ($command) = $line =~ /^\S+ \S+ \S+ \S+ \S+ (.*)/;
is(system("PGHOST='" . $plain->host . "' PGPORT=" . $plain->port . " $command >/dev/null"), 0, 'the line runs');
is(stats_of($plain, 'postgres'), 'AAPL|1|1|100.00000000', 'and computes the statistics');
is(sqlstate($plain, 'SELECT position_telemetry.unschedule_nightly_stats()'), '55000', 'nothing to unschedule is a clear error too');
$plain->stop;

my $node = new_cluster('pg_cron', conf => <<'CONF');
shared_preload_libraries = 'pg_cron'
cron.database_name = 'postgres'
cron.use_background_workers = on
CONF
prepare($node, 'postgres');
like(error_of($node, "$schedule()"), qr/HINT:.*CREATE EXTENSION pg_cron/, 'its own database, before it is created there');
query($node, 'CREATE EXTENSION pg_cron');

my $job = query($node, "$schedule()");
is(query($node, "SELECT schedule, command, database FROM cron.job WHERE jobid = $job"),
  q{0 2 * * *|SELECT position_telemetry.compute_strategy_stats(target_schema => 'public')|postgres}, 'scheduled for two at night');
is(query($node, "$schedule('* * * * *')"), $job, 'scheduled again, the job changes its time');
is(query($node, 'SELECT count(*), min(schedule) FROM cron.job'), '1|* * * * *', 'and there is one job');
is(sqlstate($node, "$schedule('at two')"), '22023', 'a schedule that pg_cron refuses is a clear error');
is(sqlstate($node, "$schedule(NULL)"), '22004', 'so is none');
is(sqlstate($node, "$schedule('0 2 * * *', 'nowhere')"), '42P01', 'so is a schema that is not attached');

# Another database: the call of the hint, pasted where pg_cron lives, schedules it.
query($node, 'CREATE DATABASE trading');
query($node, 'CREATE EXTENSION position_telemetry', database => 'trading');
prepare($node, 'trading');
my $error = error_of($node, "$schedule('* * * * *')", database => 'trading');
like($error, qr/pg_cron is not in database "trading"/, 'another database: the error names it');
my ($call) = $error =~ /Run there: (.*;)/;
ok($call, 'and its hint shows the call');
query($node, $call);
is(query($node, "SELECT database FROM cron.job WHERE jobname LIKE 'position_telemetry%' AND database = 'trading'"), 'trading',
  'which schedules the job for that database');
query($node, 'CREATE ROLE trader LOGIN; GRANT USAGE ON SCHEMA public TO trader', database => 'trading');
like(error_of($node, "$schedule()", database => 'trading', user => 'trader'), qr/cron\.schedule_in_database\(.*crontab: 0 2/s,
  'who may not see where pg_cron lives is shown both ways');

for my $database ('postgres', 'trading') {
  ok($node->poll_query_until($database, 'SELECT count(*) > 0 FROM strategy_stats'), "pg_cron ran it in $database");
  is(stats_of($node, $database), 'AAPL|1|1|100.00000000', "and the statistics of $database are right");
}
is(query($node, 'SELECT position_telemetry.unschedule_nightly_stats()'), 't', 'unscheduled');
is(query($node, 'SELECT position_telemetry.unschedule_nightly_stats()'), 'f', 'and then there is nothing to unschedule');
is(query($node, "SELECT count(*) FROM cron.job WHERE database = 'postgres'"), '0', 'the job is gone');
$node->stop;

done_testing();
