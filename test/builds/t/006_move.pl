# From one server to another that has another build, by dump and restore: from a managed
# server to one with the native build, and the other way round, however the portable
# build was installed there.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/..", "$FindBin::RealBin/../../tap/lib";
use Builds;
use PositionTelemetry;
use PostgreSQL::Test::Utils;
use Test::More;

my $has_pg_tle = has_pg_tle();
my $node = new_server('move', conf => $has_pg_tle ? "shared_preload_libraries = 'pg_tle'\n" : '');

# What each kind of server needs before rows can come.
my %install = (
  native   => sub { use_files($node, $_[0], 'native'); query($node, 'CREATE EXTENSION position_telemetry', database => $_[0]) },
  portable => sub { use_files($node, $_[0], 'portable'); query($node, 'CREATE EXTENSION position_telemetry', database => $_[0]) },
  plain    => sub { psql_ok($node, $_[0], script_of('plain'), "$_[0]: the plain script installs") });

$install{pg_tle} = sub {
  query($node, 'CREATE EXTENSION pg_tle', database => $_[0]);
  psql_ok($node, $_[0], script_of('tle'), "$_[0]: the pg_tle script registers");
  query($node, 'CREATE EXTENSION position_telemetry', database => $_[0]);
} if $has_pg_tle;

foreach my $kind (sort keys %install) {
  new_database($node, $kind);
  $install{$kind}->($kind);
  attach_ok($node, 'public', database => $kind, name => "$kind: attached");
  trade($node, $kind);
}

# A dump whose functions do not ask for an extension that the target does not have.
sub without_extension {
  my ($dump) = @_;
  append_to_file("$dump.plain", join '', grep { !/^ALTER FUNCTION .* DEPENDS ON EXTENSION / } slurp_file($dump) =~ /^.*\n?/mg) unless -e "$dump.plain";
  return "$dump.plain";
}

foreach my $from (sort keys %install) {
  my $rows = snapshot($node, 'public', database => $from);
  # The extension is in the target already, and a managed one has things of its own.
  my $dump = dump_ok($node, $from, '--extension=plpgsql', '--exclude-schema=position_telemetry', '--exclude-schema=pgtle');
  foreach my $to (sort keys %install) {
    my $database = new_database($node, "${from}_to_$to");
    $install{$to}->($database);
    psql_ok($node, $database, $to eq 'plain' ? without_extension($dump) : $dump, "$from to $to: the dump is restored");
    unchanged_ok(snapshot($node, 'public', database => $database), $rows, "$from to $to: the same rows");
    query($node, "SELECT position_telemetry.attach('public')", database => $database);
    verify_ok($node, 'public', "$from to $to: after attach() every object is in place", database => $database);
    same_catalog_ok($node, $database, $to, "$from to $to");
    life_goes_on_ok($node, $database, "$from to $to");
  }
}

SKIP: {
  skip 'pg_tle is not installed on this machine', 1 unless $has_pg_tle;
  pass('pg_tle was one of the ways');
}

done_testing();
