# Two sessions mark the same positions at the same time, in random order, each
# statement a transaction of its own: no mark is lost.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";
use List::Util qw(shuffle);
use PositionTelemetry;
use Test::More;

my $marks = 10_000;    # of each session

my $node = new_cluster('concurrent_marks');
attach_ok($node, 'public');
query($node, 'CREATE TABLE mark (position_id bigint, price numeric(18,8))');

sub open_positions {
  my (%side_of) = @_;
  my $rows = join ', ', map { "($_, 'T' || ($_ + 1) / 2, 'STOCK', '$side_of{$_}', 3, 100, now() - interval '1 hour', 'open')" }
    sort { $a <=> $b } keys %side_of;
  query($node, "TRUNCATE mark;
                INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status) VALUES $rows");
}

# Runs the scripts side by side and makes sure that they really ran at the same time.
sub run_at_once {
  my ($name, @scripts) = @_;
  my $clock = "SELECT extract(epoch FROM clock_timestamp());\n";
  my $start = query($node, "SELECT clock_timestamp() + interval '0.5 seconds'");
  my $wait = "SELECT 'ready' FROM pg_sleep(extract(epoch FROM timestamptz '$start' - clock_timestamp()));\n";
  my @sessions = map { start_script($node, $wait . $clock . $_ . $clock) } @scripts;
  my @spans = map { [ (split /\n/, finish_script($_))[ 1, -1 ] ] } @sessions;
  my ($last_start) = sort { $b <=> $a } map { $_->[0] } @spans;
  my ($first_end) = sort { $a <=> $b } map { $_->[1] } @spans;
  my $overlap = ($first_end - $last_start) / ($first_end - $spans[0][0]);
  return cmp_ok($overlap, '>', 0.5, "$name: the sessions marked at the same time");
}

# So many prices around the entry, without two alike.
sub prices {
  my ($first) = @_;
  return shuffle map { 90 + ($first + 2 * $_) / 1000 } 0 .. $marks - 1;
}

# Notes what was marked: pairs of position and price.
sub keep_marks {
  query($node, "COPY mark FROM stdin;\n" . join('', map { "$_->[0]\t$_->[1]\n" } @_) . "\\.\n");
}

# One position, row updates.
open_positions(1 => 'long');
my @first = prices(0);
my @second = prices(1);
run_at_once('row updates',
  map { join '', map { "UPDATE active_positions SET current_price = $_ WHERE id = 1;\n" } @$_ } \@first, \@second);
keep_marks(map { [ 1, $_ ] } @first, @second);
is(query($node, 'SELECT count(DISTINCT price) FROM mark'), 2 * $marks, 'every mark was another price');
extremes_ok($node, 'public', 'SELECT * FROM mark', 'row updates of one position: the extremes are those of all marks');
is(query($node, <<'SQL'), '', 'the order of arrival lies within the extremes');
  SELECT id, mae_before_mfe_pct, mfe_before_mae_pct, mfe_time, mae_time FROM active_positions
   WHERE NOT coalesce(mae_before_mfe_pct BETWEEN worst_unrealized_pnl_pct AND 0
                      AND mfe_before_mae_pct BETWEEN 0 AND best_unrealized_pnl_pct
                      AND (mae_before_mfe_pct = worst_unrealized_pnl_pct) = (mae_time < mfe_time)
                      AND (mfe_before_mae_pct = best_unrealized_pnl_pct) = (mfe_time < mae_time), false)
SQL
query($node, 'DELETE FROM active_positions');

# A hundred positions by apply_marks, the symbols of every call in another order:
# nobody may deadlock.
my @symbols = map { "T$_" } 1 .. 50;
open_positions(map { $_ => $_ % 2 ? 'long' : 'short' } 1 .. 2 * @symbols);

sub apply_marks_script {
  my (@prices) = @_;
  my $script = '';
  while (my @batch = splice @prices, 0, scalar @symbols) {
    my @order = shuffle 0 .. $#symbols;
    $script .= sprintf "SELECT position_telemetry.apply_marks('{%s}'::text[], '{%s}'::numeric[]);\n",
      join(',', @symbols[@order]), join(',', @batch[@order]);
  }
  return $script;
}

run_at_once('apply_marks', apply_marks_script(@first), apply_marks_script(@second));
foreach my $prices (\@first, \@second) {
  keep_marks(map { my $long = 2 * ($_ % @symbols) + 1; [ $long, $prices->[$_] ], [ $long + 1, $prices->[$_] ] } 0 .. $#$prices);
}
is(query($node, 'SELECT count(*), count(DISTINCT position_id) FROM mark'), 4 * $marks . '|' . 2 * @symbols,
  'every symbol marks a long and a short position');
extremes_ok($node, 'public', 'SELECT * FROM mark', 'apply_marks: the extremes are those of all marks');

query($node, 'DELETE FROM active_positions');
open_positions(1 => 'short');
run_at_once('apply_marks against row updates',
  join('', map { "SELECT position_telemetry.apply_marks('{T1}'::text[], '{$_}'::numeric[]);\n" } @first[ 0 .. 1999 ]),
  join('', map { "UPDATE active_positions SET last_mark_price = $_ WHERE id = 1;\n" } @second));
keep_marks(map { [ 1, $_ ] } @first[ 0 .. 1999 ], @second);
extremes_ok($node, 'public', 'SELECT * FROM mark', 'apply_marks against row updates: the extremes are those of all marks');

done_testing();
