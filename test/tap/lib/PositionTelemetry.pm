# What the TAP tests share: a throw-away server that finds the build under test,
# and the questions that more than one test asks.
#
# Environment: PT_DESTDIR is where `make install DESTDIR=` put the build; without
# it the extension is taken from the server's own directories. FLAVOUR is native
# or portable and must be what is found there.
package PositionTelemetry;

use strict;
use warnings;

use Exporter 'import';
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(new_server new_cluster is_portable query sqlstate error_of attach_ok verify_ok
  archive_ok extremes_ok snapshot unchanged_ok section start_script finish_script);

sub is_portable { return ($ENV{FLAVOUR} // 'native') eq 'portable' }

# A running server. conf: lines for postgresql.conf; streaming: as allows_streaming
# of init().
sub new_server {
  my ($name, %options) = @_;
  my $node = PostgreSQL::Test::Cluster->new($name);
  $node->init(
    allows_streaming => $options{streaming},
    extra            => [ '--encoding=UTF8', '--locale=C' ]);
  # Logging a million statements would be most of what is measured.
  $node->append_conf('postgresql.conf', "log_statement = none\n");
  if (my $destination = $ENV{PT_DESTDIR}) {
    my $libraries = $node->config_data('--pkglibdir');
    $node->append_conf('postgresql.conf',
      "extension_destdir = '$destination'\n"
        . "dynamic_library_path = '$destination$libraries:\$libdir'\n");
  }
  $node->append_conf('postgresql.conf', $options{conf}) if defined $options{conf};
  $node->start;
  return $node;
}

# The same with the extension created in database postgres.
sub new_cluster {
  my ($name, %options) = @_;
  my $node = new_server($name, %options);
  query($node, 'CREATE EXTENSION position_telemetry');
  my $build = query($node, 'SELECT position_telemetry.build()');
  my $wanted = $ENV{FLAVOUR} // $build;
  BAIL_OUT("found the $build build, wanted $wanted") if $build ne $wanted;
  return $node;
}

sub _connection {
  my ($node, %as) = @_;
  my $database = $as{database} // 'postgres';
  return ($database, connstr => $node->connstr($database) . ($as{user} ? " user=$as{user}" : ''));
}

# What the script prints; dies when it fails. as: database, user.
sub query {
  my ($node, $sql, %as) = @_;
  my ($database, @connection) = _connection($node, %as);
  return $node->safe_psql($database, $sql, @connection);
}

# The text of the first error of a script, '' when there is none.
sub error_of {
  my ($node, $sql, %as) = @_;
  my ($database, @connection) = _connection($node, %as);
  my ($stdout, $stderr);
  $node->psql($database, $sql, @connection, stdout => \$stdout, stderr => \$stderr);
  return $stderr =~ /(?:ERROR|FATAL):  (.*)/s ? $1 : '';
}

# The SQLSTATE a script fails with, '' when it does not.
sub sqlstate {
  my ($node, $sql, %as) = @_;
  return error_of($node, "\\set VERBOSITY sqlstate\n$sql", %as) =~ /^(\w{5})/ ? $1 : '';
}

# Attaches a schema, which must go without hindrance.
sub attach_ok {
  my ($node, $schema, %as) = @_;
  local $Test::Builder::Level = $Test::Builder::Level + 1;
  my $options = $as{options} // '{}';
  return is(
    query($node, "SELECT object, action, detail FROM position_telemetry.attach('$schema', '$options')
                  WHERE action NOT IN ('created', 'added', 'kept')", %as),
    '', $as{name} // "$schema is attached without hindrance");
}

sub verify_ok {
  my ($node, $schema, $name, %as) = @_;
  local $Test::Builder::Level = $Test::Builder::Level + 1;
  return is(query($node, "SELECT check_name, detail FROM position_telemetry.verify('$schema') WHERE NOT ok", %as), '', $name);
}

# Every closed position has exactly one history row, no open one has any, and in
# history the outcome lies between the extremes.
sub archive_ok {
  my ($node, $schema, $name, %as) = @_;
  local $Test::Builder::Level = $Test::Builder::Level + 1;
  return is(query($node, <<"SQL", %as), '', $name);
    SELECT * FROM (
      SELECT 'position ' || p.id || ' is ' || coalesce(p.status::text, 'null') || ' and has ' || count(h.id) || ' history rows'
        FROM $schema.active_positions p LEFT JOIN $schema.position_history h ON h.position_id = p.id
       GROUP BY p.id, p.status
      HAVING count(h.id) <> CASE WHEN lower(p.status::text) = 'closed' THEN 1 ELSE 0 END
      UNION ALL
      SELECT 'position ' || position_id || ': the outcome is beyond the extremes'
        FROM $schema.position_history
       WHERE NOT (worst_unrealized_pnl_pct <= least(pnl_pct, 0) AND best_unrealized_pnl_pct >= greatest(pnl_pct, 0)
                  AND worst_unrealized_pnl_dollars <= least(pnl_dollars, 0)
                  AND best_unrealized_pnl_dollars >= greatest(pnl_dollars, 0))
    ) AS problem LIMIT 10
SQL
}

# The extremes of positions equal those of all their marks, by the expressions of
# the contract. marks: a query giving position_id and price.
sub extremes_ok {
  my ($node, $schema, $marks, $name, %as) = @_;
  local $Test::Builder::Level = $Test::Builder::Level + 1;
  return is(query($node, <<"SQL", %as), '', $name);
    SELECT p.id, p.best_unrealized_pnl_pct, x.best_pct, p.worst_unrealized_pnl_pct, x.worst_pct,
           p.best_unrealized_pnl_dollars, x.best_dollars, p.worst_unrealized_pnl_dollars, x.worst_dollars,
           p.mfe_price, x.mfe_price, p.mae_price, x.mae_price
      FROM $schema.active_positions p
      JOIN (SELECT m.position_id, greatest(max(v.pct), 0) AS best_pct, least(min(v.pct), 0) AS worst_pct,
                   greatest(max(v.dollars), 0) AS best_dollars, least(min(v.dollars), 0) AS worst_dollars,
                   CASE WHEN t.d > 0 THEN max(m.price) ELSE min(m.price) END AS mfe_price,
                   CASE WHEN t.d > 0 THEN min(m.price) ELSE max(m.price) END AS mae_price
              FROM ($marks) AS m
              JOIN $schema.active_positions p ON p.id = m.position_id
             CROSS JOIN LATERAL (SELECT CASE WHEN lower(p.side::text) IN ('short', 'sell', 'sell_short') OR p.quantity < 0
                                             THEN -1 ELSE 1 END AS d,
                                        coalesce(p.multiplier, CASE WHEN upper(p.instrument_type) IN ('CALL', 'PUT', 'OPTION')
                                                                      OR p.option_symbol <> '' THEN 100 ELSE 1 END) AS m) AS t
             CROSS JOIN LATERAL (SELECT round(100 * t.d * (m.price - p.entry_price) / abs(p.entry_price), 8) AS pct,
                                        round(coalesce(p.realized_pnl_dollars, 0)
                                              + t.d * (m.price - p.entry_price) * abs(p.quantity) * t.m, 8) AS dollars) AS v
             GROUP BY m.position_id, t.d) AS x ON x.position_id = p.id
     WHERE (p.best_unrealized_pnl_pct, p.worst_unrealized_pnl_pct, p.best_unrealized_pnl_dollars,
            p.worst_unrealized_pnl_dollars, p.mfe_price, p.mae_price)
           IS DISTINCT FROM (x.best_pct, x.worst_pct, x.best_dollars, x.worst_dollars, x.mfe_price, x.mae_price)
     ORDER BY p.id LIMIT 10
SQL
}

# All rows of all tables of a schema, to compare before and after.
sub snapshot {
  my ($node, $schema, %as) = @_;
  my $tables = query($node, "SELECT tablename FROM pg_tables WHERE schemaname = '$schema' ORDER BY 1", %as);
  return join "\n", map { query($node, "SELECT '$_ ' || to_jsonb(t)::text FROM $schema.$_ AS t ORDER BY 1", %as) || "$_ is empty" }
    split /\n/, $tables;
}

# Compares two snapshots and names the rows that only one of them has.
sub unchanged_ok {
  my ($after, $before, $name) = @_;
  local $Test::Builder::Level = $Test::Builder::Level + 1;
  my %in_before = map { $_ => 1 } split /\n/, $before;
  my %in_after = map { $_ => 1 } split /\n/, $after;
  my @lost = map { "lost: $_" } grep { !$in_after{$_} } sort keys %in_before;
  my @new = map { "new: $_" } grep { !$in_before{$_} } sort keys %in_after;
  splice @$_, 3 foreach grep { @$_ > 3 } \(@lost, @new);
  return is(join("\n", @lost, @new), '', $name);
}

# Runs a part of a test that the others do not depend on: they run even if it dies.
sub section {
  my ($name, $code) = @_;
  local $Test::Builder::Level = $Test::Builder::Level + 1;
  return if eval { $code->(); 1 };
  my $reason = $@;
  fail("$name: runs to its end");
  diag $reason =~ s/\nCONTEXT:.*//sr;
  return;
}

# Starts psql on a script and returns at once. Through files, because a pipe would
# make it wait for a test that is not reading or writing.
my $scripts = 0;

sub start_script {
  my ($node, $sql, %as) = @_;
  my ($database, undef, $connection) = _connection($node, %as);
  my $base = $node->basedir . '/script_' . ++$scripts;
  append_to_file("$base.sql", $sql);
  my $run = IPC::Run::start(
    [ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $connection, '-f', "$base.sql" ],
    '<', \undef, '>', "$base.out", '2>', "$base.err",
    IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
  return { run => $run, base => $base };
}

# Waits for the script and returns what it printed; dies when it failed.
sub finish_script {
  my ($session) = @_;
  $session->{run}->finish or die 'script failed: ' . slurp_file("$session->{base}.err");
  return slurp_file("$session->{base}.out");
}

1;
