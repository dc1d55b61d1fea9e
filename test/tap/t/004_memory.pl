# A backend's memory does not grow with what it has marked, closed or refused.
#
# PT_POSITIONS: how many positions are marked, twice in one transaction.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";
use PositionTelemetry;
use Test::More;

plan skip_all => 'needs /proc' unless -r '/proc/self/status';

use constant MB => 1024 * 1024;

# Shared buffers count as a backend's memory once it has touched them, so there are
# few; compiled expressions are none of ours.
my $shared = 16 * MB;
my $node = new_cluster('memory', conf => "shared_buffers = 16MB\njit = off\nautovacuum = off\nmax_wal_size = 4GB\n");
attach_ok($node, 'public');
query($node, <<'SQL');
  CREATE FUNCTION memory() RETURNS text LANGUAGE sql
  RETURN (SELECT sum(total_bytes) FROM pg_backend_memory_contexts)
         || ' ' || 1024 * substring(pg_read_file('/proc/self/status') FROM 'RssAnon:\s*(\d+)')::bigint
         || ' ' || 1024 * substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s*(\d+)')::bigint;
SQL

# Opens positions from id $first on, past the triggers: they are not what is measured here.
sub open_positions {
  my ($first, $count) = @_;
  query($node, <<"SQL");
    SET session_replication_role = replica;
    INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
    SELECT id, 'T', 'STOCK', 'long', 1, 100, now(), 'open' FROM generate_series($first, $first + $count - 1) AS id
SQL
}

# By how much a script makes a backend's memory grow after another has warmed it
# up: memory contexts, memory of its own, and the most it ever had.
sub growth {
  my ($warm_up, $script) = @_;
  my $output = query($node, "$warm_up;\nSELECT 'memory ' || memory();\n$script;\nSELECT 'memory ' || memory();\n");
  my @measured = map { [ split / / ] } $output =~ /^memory (.*)$/mg;
  my %grown;
  @grown{qw(contexts own peak)} = map { $measured[1][$_] - $measured[0][$_] } 0 .. 2;
  note join ', ', map { sprintf '%s %+.1f MB', $_, $grown{$_} / MB } sort keys %grown;
  return \%grown;
}

# A million marks in one transaction: a leak of a hundred bytes for each would be 100 MB.
my $positions = $ENV{PT_POSITIONS} // 500_000;
open_positions(1, $positions);
my $marks = growth(
  'UPDATE active_positions SET current_price = 101 WHERE id <= 1000; BEGIN',
  "UPDATE active_positions SET current_price = 100 + id % 17;\nUPDATE active_positions SET last_mark_price = 100 - id % 13");
cmp_ok($marks->{contexts}, '<', MB, 2 * $positions . ' marks in one transaction leave no memory context larger');
cmp_ok($marks->{own}, '<', 32 * MB, 'nor the process');
cmp_ok($marks->{peak}, '<', $shared + 32 * MB, 'nor do they need much meanwhile');
query($node, "SET session_replication_role = replica; TRUNCATE active_positions");

# A hundred thousand closings in one statement: each is remembered until its end.
open_positions(1, 100_100);
my $closings = growth(
  "UPDATE active_positions SET status = 'closed', exit_price = 101 WHERE id <= 100",
  "UPDATE active_positions SET status = 'closed', exit_price = 101 WHERE id > 100");
cmp_ok($closings->{contexts}, '<', 2 * MB, 'a hundred thousand closings in one statement leave no memory context larger');
cmp_ok($closings->{peak}, '<', $shared + 128 * MB, 'nor do they need much meanwhile');
is(query($node, 'SELECT count(*) FROM position_history'), 100_100, 'all of them are archived');

# Statement after statement in one transaction.
open_positions(200_001, 600);
my $close_one_by_one = <<'SQL';
  DO $$ BEGIN
    FOR i IN %d .. %d LOOP UPDATE active_positions SET status = 'closed', current_price = 99 WHERE id = i; END LOOP;
  END $$
SQL
my $single = growth('BEGIN; ' . sprintf($close_one_by_one, 200_001, 200_100), sprintf($close_one_by_one, 200_101, 200_600));
cmp_ok($single->{contexts}, '<', MB, 'five hundred closing statements leave no memory context larger');
cmp_ok($single->{own}, '<', 8 * MB, 'nor the process');

# Errors that a savepoint catches, over and over in one transaction. An archive
# that fails has cost a whole closing, so there are fewer of them.
attach_ok($node, 'public', options => '{"on_bad_mark": "error"}', name => 'bad marks are made errors');
open_positions(300_001, 2);
query($node, <<'SQL');
  ALTER TABLE position_history ADD CONSTRAINT no_exit_at_13 CHECK (exit_price <> 13);
  CREATE PROCEDURE fail(statement text, state text, times integer) LANGUAGE plpgsql AS $$
  BEGIN
    FOR i IN 1 .. times LOOP
      BEGIN
        EXECUTE statement;
        RAISE EXCEPTION 'not refused: %', statement;
      EXCEPTION WHEN OTHERS THEN
        IF sqlstate <> state THEN RAISE; END IF;
      END;
    END LOOP;
  END $$;
SQL
my $reject = q{CALL fail('UPDATE active_positions SET last_mark_price = ''NaN'' WHERE id = 300001', '22023', %d)};
my $rejected = growth('BEGIN; ' . sprintf($reject, 1000), sprintf($reject, 20_000));
cmp_ok($rejected->{contexts}, '<', MB, 'twenty thousand rejected marks leave no memory context larger');
cmp_ok($rejected->{own}, '<', 8 * MB, 'nor the process');

my $break = q{CALL fail('UPDATE active_positions SET status = ''closed'', exit_price = 13 WHERE id >= 300001', '23514', %d)};
my $broken = growth('BEGIN; ' . sprintf($break, 100), sprintf($break, 500));
cmp_ok($broken->{contexts}, '<', MB, 'five hundred failed archives leave no memory context larger');
cmp_ok($broken->{own}, '<', 8 * MB, 'nor the process');

# The same in one transaction with what succeeds: what a savepoint undid is forgotten.
my $mixed = growth(
  'BEGIN; ' . sprintf($reject, 100) . '; ' . sprintf($break, 100),
  join '; ', sprintf($reject, 100), sprintf($break, 100), q{UPDATE active_positions SET status = 'closed', exit_price = 14 WHERE id >= 300001}, 'COMMIT');
cmp_ok($mixed->{contexts}, '<', MB, 'errors before a closing leave no memory context larger');
archive_ok($node, 'public', 'every closed position is archived once, whatever failed before');

done_testing();
