# Through pg_tle, by a role that is no superuser: register, create, attach, trade, update
# from 1.0.0, dump, restore, remove; under the extension's own name and one with a prefix;
# with the functions that the first release of pg_tle had, and with the newest.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/..", "$FindBin::RealBin/../../tap/lib";
use Builds;
use PositionTelemetry;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'pg_tle is not installed on this machine' unless has_pg_tle();

my $node = new_server('pg_tle', conf => "shared_preload_libraries = 'pg_tle'\n");
query($node, 'CREATE ROLE desk LOGIN');
my @desk = (user => 'desk');
my $script = script_of('tle');
my $released = script_of('install portable', version => '1.0.0', modules => "$FindBin::RealBin/../../released/1.0.0");

new_database($node, 'fresh', 'portable');
query($node, 'CREATE EXTENSION position_telemetry', database => 'fresh');
attach_ok($node, 'public', database => 'fresh', name => 'a schema attached by the portable build of the file system');
trade($node, 'fresh');

# A database with pg_tle in it, as a managed server has it, and what the README grants.
sub new_managed {
  my ($database, $version) = @_;
  new_database($node, $database);
  query($node, 'CREATE EXTENSION pg_tle' . ($version ? " VERSION '$version'" : ''), database => $database);
  query($node, "GRANT pgtle_admin TO desk; GRANT CREATE ON DATABASE $database TO desk; GRANT CREATE ON SCHEMA public TO desk",
    database => $database);
  return $database;
}

sub same_as_fresh_ok {
  my ($database, $name) = @_;
  local $Test::Builder::Level = $Test::Builder::Level + 1;
  same_catalog_ok($node, $database, 'fresh', $name);
  return verify_ok($node, 'public', "$name: every object is in place", database => $database, @desk);
}

sub dump_views {
  my ($database) = @_;
  return query($node, "SELECT format('CREATE VIEW public.%I AS %s', viewname, definition) FROM pg_views WHERE viewname LIKE 'my%'", database => $database);
}

foreach my $version ('1.0.0', '') {
  my $pg_tle = 'pg_tle ' . ($version || 'as it is');
  my $database = new_managed('new_' . ($version =~ tr/./_/r || 'now'), $version);
  psql_ok($node, $database, $script, "$pg_tle: the script registers", @desk);
  is(error_of($node, "CREATE EXTENSION position_telemetry; SELECT position_telemetry.attach('public')", database => $database, @desk), '',
    "$pg_tle: the extension is created and a schema attached");
  trade($node, $database, @desk);
  same_as_fresh_ok($database, "$pg_tle, new");
  life_goes_on_ok($node, $database, "$pg_tle, new", @desk);
  psql_ok($node, $database, $script, "$pg_tle: the script can be run again", @desk);

  my $old = new_managed('old_' . ($version =~ tr/./_/r || 'now'), $version);
  query($node, "SELECT pgtle.install_extension('position_telemetry', '1.0.0', '', \$released\$" . slurp_file($released) . '$released$)', database => $old, @desk);
  query($node, 'CREATE SCHEMA position_telemetry; CREATE EXTENSION position_telemetry SCHEMA position_telemetry', database => $old, @desk);
  query($node, "SELECT position_telemetry.attach('public')", database => $old, @desk);
  trade($node, $old, @desk);
  my $rows = snapshot($node, 'public', database => $old);
  psql_ok($node, $old, $script, "$pg_tle: the script registers the update from 1.0.0", @desk);
  query($node, "BEGIN; ALTER EXTENSION position_telemetry UPDATE; SELECT position_telemetry.attach('public'); COMMIT", database => $old, @desk);
  is(query($node, "SELECT extversion = position_telemetry.version() FROM pg_extension WHERE extname = 'position_telemetry'", database => $old), 't',
    "$pg_tle: updated");
  same_as_fresh_ok($old, "$pg_tle, updated");
  unchanged_ok(snapshot($node, 'public', database => $old), $rows, "$pg_tle, updated: no row has changed");

  # Back to 1.0.0, which is still registered, and to this version again. The user's own
  # views go with CASCADE, and are made again.
  my $views = dump_views($old);
  foreach my $back ("DROP EXTENSION position_telemetry CASCADE; CREATE EXTENSION position_telemetry SCHEMA position_telemetry VERSION '1.0.0'",
      'ALTER EXTENSION position_telemetry UPDATE') {
    query($node, "BEGIN; $back; SELECT position_telemetry.attach('public'); COMMIT", database => $old, @desk);
    verify_ok($node, 'public', "$pg_tle, $back: every object is in place", database => $old, @desk);
    unchanged_ok(snapshot($node, 'public', database => $old), $rows, "$pg_tle, $back: no row has changed");
  }
  query($node, $views, database => $old, @desk);
  same_as_fresh_ok($old, "$pg_tle, there and back");

  # Dumped and restored by the same role, into a database that has pg_tle.
  my $dump = dump_ok($node, $old, '--exclude-schema=pgtle', '--extension=position_telemetry', '--no-privileges', '-U', 'desk');
  my $copy = new_managed("copy_of_$old", $version);
  psql_ok($node, $copy, $script, "$pg_tle: registered where the dump goes", @desk);
  psql_ok($node, $copy, $dump, "$pg_tle: the dump is restored", @desk);
  unchanged_ok(snapshot($node, 'public', database => $copy), $rows, "$pg_tle, restored: the same rows");
  is(query($node, "SELECT object, action FROM position_telemetry.attach('public') WHERE action <> 'kept'", database => $copy, @desk), '',
    "$pg_tle, restored: attach() finds nothing to do");
  same_as_fresh_ok($copy, "$pg_tle, restored");
  life_goes_on_ok($node, $copy, "$pg_tle, restored", @desk);

  # The whole database, registration and all, as one that administers the server dumps it.
  my $whole = dump_ok($node, $database);
  new_database($node, "whole_of_$database");
  my $before_dump = snapshot($node, 'public', database => $database);
  psql_ok($node, "whole_of_$database", $whole, "$pg_tle: the dump of everything is restored");
  unchanged_ok(snapshot($node, 'public', database => "whole_of_$database"), $before_dump, "$pg_tle, everything restored: the same rows");
  same_as_fresh_ok("whole_of_$database", "$pg_tle, everything restored");

  # Removal: first the extension, then its registration. Rows stay and can be written.
  my $before = snapshot($node, 'public', database => $old);
  is(error_of($node, "DROP EXTENSION position_telemetry CASCADE; SELECT pgtle.uninstall_extension('position_telemetry')", database => $old, @desk), '',
    "$pg_tle: the extension is removed");
  unchanged_ok(snapshot($node, 'public', database => $old), $before, "$pg_tle, removed: every row stays");
  is(query($node, 'SELECT count(*) FROM pgtle.available_extensions()', database => $old), 0, "$pg_tle, removed: nothing is registered");
  is(error_of($node, "UPDATE active_positions SET status = 'closed', current_price = 99 WHERE id = 1", database => $old, @desk), '',
    "$pg_tle, removed: closings go through");
}

section 'a name with a prefix' => sub {
  new_managed('prefix');
  psql_ok($node, 'prefix', $script, 'registered under a name with a prefix', @desk, options => [ '-v', 'name=acme@position_telemetry' ]);
  query($node, "CREATE EXTENSION \"acme\@position_telemetry\"; SELECT position_telemetry.attach('public')", database => 'prefix', @desk);
  trade($node, 'prefix', @desk);
  same_as_fresh_ok('prefix', 'with a prefix');
  life_goes_on_ok($node, 'prefix', 'with a prefix', @desk);
  query($node, 'DROP EXTENSION "acme@position_telemetry" CASCADE', database => 'prefix', @desk);
  is(query($node, "SELECT proname FROM pg_proc WHERE proname LIKE 'position_telemetry%'", database => 'prefix'), '',
    'with a prefix: what attach() made goes with the extension');
};

section 'refusals' => sub {
  new_managed('later');
  query($node, "SELECT pgtle.install_extension('position_telemetry', '9.0.0', '', 'SELECT 1')", database => 'later', @desk);
  like(psql_error($node, 'later', $script, @desk), qr/ERROR:  55000: a version later than .* is registered.*HINT:/s, 'an earlier script is refused');
  new_database($node, 'without');
  like(psql_error($node, 'without', $script, @desk), qr/ERROR:  55000: pg_tle is not in database "without".*HINT:/s, 'and one without pg_tle');
};

done_testing();
