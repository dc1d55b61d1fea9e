# Random positions and marks through every path that values them, against the
# expressions of the contract written out here: not one digit may differ.
#
# PT_ROWS: how many positions; PT_SEED: which ones, to repeat a run that failed.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";
use PositionTelemetry;
use Test::More;

my $rows = $ENV{PT_ROWS} // (is_portable() ? 100_000 : 1_000_000);
my $seed = $ENV{PT_SEED} // int(rand(1_000_000));
diag "PT_SEED=$seed PT_ROWS=$rows";

# What positions are made of. magnitude: the numbers drawn are smaller than this.
my @shapes = (
  { schema => 'eight',    type => 'numeric(18,8)',    magnitude => '1e10', decimals => 8 },
  { schema => 'four',     type => 'numeric(12,4)',    magnitude => '1e8',  decimals => 4 },
  { schema => 'wide',     type => 'numeric',          magnitude => '1e11', decimals => 20 },
  { schema => 'floating', type => 'double precision', magnitude => '1e11', decimals => 12 });
my $share = int($rows / @shapes);

# Entries and marks whose percent numeric division rounds up to the half that round()
# then rounds up again: an exact quotient would end one lower.
my @twice_rounded = (
  [ 0.00136506, 241.67772032 ],  [ 0.00229452, 539.16364098 ],  [ 0.00246919, 1629.92472335 ], [ 0.00251575, 1520.35845624 ],
  [ 0.00254351, 1653.77247298 ], [ 0.00256602, 1949.95803309 ], [ 0.00259373, 1306.96297689 ], [ 0.00261871, 1554.68321111 ],
  [ 0.00286252, 433.84131268 ],  [ 0.00318936, 191.83117013 ],  [ 0.00385535, 87.51578372 ],   [ 0.00490561, 838.17810425 ]);

my $node = new_cluster('exactness', conf => "max_wal_size = 4GB\nautovacuum = off\nwork_mem = 64MB\n");

# Half of the numbers lie near 100, as prices do, the others anywhere between the
# last decimal and the magnitude, some below zero.
sub random_number {
  my ($shape) = @_;
  my $digits = '(floor(random() * 1e9)::numeric * 1e11 + floor(random() * 1e11)::numeric)';
  my $decimals = "floor(random() * ($shape->{decimals} + 1))::integer";
  my $size = "10::numeric ^ floor(random() * ($shape->{decimals} + 20))::numeric";
  return "CASE WHEN random() < 0.5 THEN round(50 + $digits / 1e18, $decimals) ELSE"
    . " mod(CASE WHEN random() < 0.2 THEN -1 ELSE 1 END * round($digits / $size, $decimals), $shape->{magnitude}) END";
}

# Those that the shape can hold, numbered.
sub twice_rounded {
  my ($shape) = @_;
  return '(0, 0, 0)' if $shape->{decimals} < 8;
  return join ', ', map { sprintf '(%d, %s, %s)', $_ + 1, @{ $twice_rounded[$_] } } 0 .. $#twice_rounded;
}

sub create_positions {
  my ($shape) = @_;
  my ($schema, $type) = @$shape{qw(schema type)};
  my $number = random_number($shape);
  query($node, <<"SQL");
    SELECT setseed(($seed % 999983) / 999983.0);
    CREATE SCHEMA $schema;
    CREATE TABLE $schema.random AS
    SELECT n AS id, ($number)::$type AS entry, ($number)::$type AS quantity,
           CASE WHEN random() < 0.5 THEN ($number)::$type END AS multiplier,
           CASE WHEN random() < 0.5 THEN ($number)::$type ELSE 0 END AS realized,
           CASE WHEN n % 10 = 1 THEN ($number)::$type END AS mark1, ($number)::$type AS mark2,
           CASE WHEN n % 10 = 2 THEN ($number)::$type END AS mark3, random() AS closeness,
           (ARRAY['long', 'SHORT', 'buy', 'sell', 'Sell_Short', 'call', 'put', NULL])[1 + floor(random() * 8)::integer] AS side,
           (ARRAY['STOCK', 'call', 'PUT', 'Option', NULL])[1 + floor(random() * 5)::integer] AS instrument_type
      FROM generate_series(1, $share) AS n;
    UPDATE $schema.random SET entry = 0 WHERE id % 1000 = 999;
    -- Marks are near the entry as a rule, and sometimes very near.
    UPDATE $schema.random
       SET mark2 = mod(round((entry * (1 + (closeness - 0.3) * 10 ^ -floor(closeness * 10)))::numeric, $shape->{decimals}),
                       $shape->{magnitude})
     WHERE closeness < 0.6;
    UPDATE $schema.random r SET entry = t.entry, mark2 = t.mark, quantity = 1, multiplier = 1, realized = 0
      FROM (VALUES ${\ twice_rounded($shape)}) AS t (id, entry, mark) WHERE r.id = t.id;
    CREATE TABLE $schema.active_positions (
      id bigint PRIMARY KEY, ticker text, instrument_type text, side text, status text, entry_time timestamptz,
      entry_price $type, quantity $type, multiplier $type, realized_pnl_dollars $type, current_price $type)
SQL
  attach_ok($node, $schema);
}

# Every mark goes its own way: in the INSERT for every tenth position, in one bulk
# UPDATE for all, through apply_marks for every tenth that can be named by ticker.
sub mark_positions {
  my ($schema) = @_;
  query($node, <<"SQL");
    INSERT INTO $schema.active_positions (id, ticker, instrument_type, side, status, entry_time, entry_price, quantity, multiplier,
                                          realized_pnl_dollars, current_price)
    SELECT id, 'T' || id, instrument_type, side, 'open', '2026-02-02 14:30+00', entry, quantity, multiplier, realized, mark1
      FROM $schema.random;
    UPDATE $schema.active_positions a SET current_price = r.mark2 FROM $schema.random r WHERE r.id = a.id;
    SELECT position_telemetry.apply_marks(array_agg('T' || id), array_agg(mark3::numeric), target_schema => '$schema')
      FROM $schema.random WHERE abs(round(mark3::numeric, 8)) < 1e10;
SQL
}

# The marks that each position has had, in order, and what the contract makes of
# them. d, e, p, q and m are its own names.
sub value_marks {
  my ($schema) = @_;
  query($node, <<"SQL");
    CREATE TABLE $schema.valued AS
    SELECT v.*, abs(p) < 1e10 AND abs(dollars) < 1e10 AND coalesce(abs(pct) < 1e10, true) AS fits
      FROM (SELECT t.*, round(realized + d * (p - e) * q * m, 8) AS dollars,
                   CASE WHEN e <> 0 THEN round(100 * d * (p - e) / abs(e), 8) END AS pct
              FROM (SELECT r.id, n, r.entry::numeric AS e, abs(r.quantity::numeric) AS q, r.realized::numeric AS realized,
                           CASE WHEN lower(r.side) IN ('short', 'sell', 'sell_short') OR r.quantity < 0 THEN -1 ELSE 1 END AS d,
                           coalesce(r.multiplier::numeric,
                                    CASE WHEN lower(r.instrument_type) IN ('call', 'put', 'option') THEN 100 ELSE 1 END) AS m,
                           round(mark::numeric, 8) AS p
                      FROM $schema.random r
                     CROSS JOIN LATERAL (VALUES (1, r.mark1),
                                                (2, CASE WHEN round(r.mark1::numeric, 8) IS DISTINCT FROM round(r.mark2::numeric, 8) THEN r.mark2 END),
                                                (3, CASE WHEN coalesce(r.instrument_type, 'STOCK') = 'STOCK'
                                                              AND abs(round(r.mark3::numeric, 8)) < 1e10 THEN r.mark3 END)) AS marks (n, mark)
                     WHERE mark IS NOT NULL) AS t) AS v;
    CREATE TABLE $schema.expected AS
    SELECT id, greatest(max(pct) FILTER (WHERE fits), 0) AS best_pct, least(min(pct) FILTER (WHERE fits), 0) AS worst_pct,
           greatest(max(dollars) FILTER (WHERE fits), 0) AS best_dollars, least(min(dollars) FILTER (WHERE fits), 0) AS worst_dollars,
           max(p * d) FILTER (WHERE fits) * min(d) AS mfe_price, min(p * d) FILTER (WHERE fits) * min(d) AS mae_price,
           -- What a position is inserted with stays as written: it has no last_mark_price of ours.
           (array_agg(p ORDER BY n DESC) FILTER (WHERE fits AND n > 1))[1] AS last_price,
           (array_agg(p ORDER BY n DESC) FILTER (WHERE fits))[1] AS exit_price,
           (array_agg(pct ORDER BY n DESC) FILTER (WHERE fits))[1] AS last_pct,
           (array_agg(dollars ORDER BY n DESC) FILTER (WHERE fits))[1] AS last_dollars,
           count(*) FILTER (WHERE NOT fits)::integer AS rejected
      FROM $schema.valued GROUP BY id;
    CREATE INDEX ON $schema.expected (id)
SQL
}

# Rows of a table in which the columns are not as expected: how many, and five of them.
sub differences {
  my ($schema, $table, $key, %columns) = @_;
  my $stored = join ', ', map { "t.$_" } sort keys %columns;
  my $expected = join ', ', map { "x.$columns{$_}" } sort keys %columns;
  return query($node, <<"SQL");
    WITH differing AS (
      SELECT t.$key AS id, ROW($stored) AS stored, ROW($expected) AS expected, to_jsonb(r) AS random
        FROM $schema.$table t JOIN $schema.expected x ON x.id = t.$key JOIN $schema.random r ON r.id = t.$key
       WHERE ROW($stored) IS DISTINCT FROM ROW($expected))
    SELECT count(*)::text FROM differing
     UNION ALL
    (SELECT concat_ws(E'\\n', 'id ' || id, stored, expected, random) FROM differing ORDER BY id LIMIT 5)
SQL
}

foreach my $shape (@shapes) {
  my ($schema, $type) = @$shape{qw(schema type)};
  create_positions($shape);
  mark_positions($schema);
  value_marks($schema);
  is(
    differences($schema, 'active_positions', 'id',
      best_unrealized_pnl_pct => 'best_pct', worst_unrealized_pnl_pct => 'worst_pct',
      best_unrealized_pnl_dollars => 'best_dollars', worst_unrealized_pnl_dollars => 'worst_dollars',
      mfe_price => 'mfe_price', mae_price => 'mae_price', last_mark_price => 'last_price',
      current_pnl_percent => 'last_pct', current_pnl_dollars => 'last_dollars', rejected_marks => 'rejected'),
    0, "$share positions in $type: telemetry is as the contract has it");

  query($node, <<"SQL");
    UPDATE $schema.active_positions SET status = 'closed'
     WHERE id % 10 IN (1, 2) AND rejected_marks = 0
       AND abs(entry_price) < 1e10 AND abs(quantity) < 1e10 AND coalesce(abs(multiplier), 1) < 1e10
SQL
  is(
    differences($schema, 'position_history', 'position_id',
      best_unrealized_pnl_pct => 'best_pct', worst_unrealized_pnl_pct => 'worst_pct', mfe_pct => 'best_pct', mae_pct => 'worst_pct',
      best_unrealized_pnl_dollars => 'best_dollars', worst_unrealized_pnl_dollars => 'worst_dollars',
      mfe_price => 'mfe_price', mae_price => 'mae_price', exit_price => 'exit_price',
      pnl_pct => 'last_pct', pnl_dollars => 'last_dollars', net_pnl_dollars => 'last_dollars'),
    0, "the archive of positions in $type is as the contract has it");

  # The draw must have tried what it is for.
  my $twice = $shape->{decimals} < 8 ? 0 : @twice_rounded;
  my $drawn = query($node, <<"SQL");
    SELECT count(*) FILTER (WHERE fits) > $share / 2, count(*) FILTER (WHERE NOT fits) > $share / 100,
           count(*) FILTER (WHERE fits AND e < 0) > $share / 100, count(*) FILTER (WHERE fits AND e = 0) > 0,
           count(*) FILTER (WHERE fits AND pct <> 0 AND abs(pct) < 0.01) > 0, count(*) FILTER (WHERE fits AND abs(pct) > 1e6) > 0,
           count(*) FILTER (WHERE fits AND n = 1) > $share / 50, count(*) FILTER (WHERE fits AND n = 3) > $share / 100,
           (SELECT count(*) > $share / 20 FROM $schema.position_history),
           count(*) FILTER (WHERE fits AND pct <> round(100 * d * (p - e) * 1.000000000000000000000000000000 / nullif(abs(e), 0), 8)) >= $twice
      FROM $schema.valued
SQL
  is($drawn, 't|t|t|t|t|t|t|t|t|t', "the positions in $type include the awkward ones");
  query($node, "DROP SCHEMA $schema CASCADE");
}

done_testing();
