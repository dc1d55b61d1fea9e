# ALTER EXTENSION ... UPDATE from 1.0.0, whichever build the database had: afterwards it
# is as freshly created, rows and the user's own views are what they were.
use strict;
use warnings;

use Digest::SHA 'sha256_hex';
use File::Copy;
use File::Path 'make_path';
use FindBin;
use lib "$FindBin::RealBin/..", "$FindBin::RealBin/../../tap/lib";
use Builds;
use PositionTelemetry;
use PostgreSQL::Test::Utils;
use Test::More;

my $released = "$FindBin::RealBin/../../released/1.0.0";

# What was released never changes.
my %released = (
  native   => 'f348298c62624e9aa3f85b023f10801a712c8ff9949ea257e13906a25a78486f',
  portable => '17ee8222fc7f2b1771b31287c5794794a5c267006c0f3e86281e04502107c8df');

my $node = new_server('update');
my $share = $node->config_data('--sharedir');

# The files of 1.0.0 as its `make install` left them.
foreach my $build (qw(native portable)) {
  my $script = script_of("install $build", version => '1.0.0', modules => $released);
  is(sha256_hex(slurp_file($script)), $released{$build}, "the script of 1.0.0 is as it was released, $build");
  my $directory = PostgreSQL::Test::Utils::tempdir() . "/$build";
  make_path("$directory$share/extension");
  copy($script, "$directory$share/extension/position_telemetry--1.0.0.sql");
  append_to_file("$directory$share/extension/position_telemetry.control",
    slurp_file(files_of($build) . "$share/extension/position_telemetry.control") =~ s/(default_version = ').*?'/${1}1.0.0'/r);
  $released{$build} = $directory;
}

foreach my $build (qw(native portable)) {
  new_database($node, "fresh_$build", $build);
  query($node, 'CREATE EXTENSION position_telemetry', database => "fresh_$build");
  attach_ok($node, 'public', database => "fresh_$build", name => "$build: a schema attached by this version");
  trade($node, "fresh_$build");
}

foreach my $before (qw(native portable)) {
  foreach my $after (qw(native portable)) {
    my $database = "${before}_to_$after";
    my $name = "$before 1.0.0 to $after";
    new_database($node, $database, $released{$before});
    query($node, 'CREATE EXTENSION position_telemetry', database => $database);
    is(query($node, 'SELECT extversion FROM pg_extension ORDER BY extname DESC LIMIT 1', database => $database), '1.0.0', "$name: begins with 1.0.0");
    query($node, "SELECT position_telemetry.attach('public')", database => $database);
    trade($node, $database);
    my $rows = snapshot($node, 'public', database => $database);

    use_files($node, $database, $after);
    query($node, <<'SQL', database => $database);
      BEGIN;
      ALTER EXTENSION position_telemetry UPDATE;
      SELECT position_telemetry.attach('public');
      COMMIT
SQL
    is(query($node, "SELECT position_telemetry.version() = extversion, position_telemetry.build() FROM pg_extension WHERE extname = 'position_telemetry'",
        database => $database), "t|$after", "$name: the version and the build are the new ones");
    same_catalog_ok($node, $database, "fresh_$after", $name);
    unchanged_ok(snapshot($node, 'public', database => $database), $rows, "$name: no row has changed");
    verify_ok($node, 'public', "$name: every object is in place", database => $database);
    is(query($node, "SELECT object FROM position_telemetry.attach('public') WHERE action <> 'kept'", database => $database), '',
      "$name: attach() finds nothing more to do");
    life_goes_on_ok($node, $database, $name);
  }
}

done_testing();
