# A database changes from one build to the other and back, under attached tables: no row
# changes, the user's own views and summaries stay, writers with few rights go on in the
# sessions and with the prepared statements that they have.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/..", "$FindBin::RealBin/../../tap/lib";
use Builds;
use PositionTelemetry;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('change_build');
query($node, 'CREATE ROLE desk LOGIN; CREATE ROLE writer LOGIN');

foreach my $build (qw(native portable)) {
  new_database($node, "fresh_$build", $build);
  query($node, 'CREATE EXTENSION position_telemetry', database => "fresh_$build");
  attach_ok($node, 'public', database => "fresh_$build", name => "$build: a schema attached by this build alone");
  trade($node, "fresh_$build");
}

my $version = current_version();

sub change_build {
  my ($database, $build, %as) = @_;
  use_files($node, $database, $build);
  query($node, <<"SQL", database => $database, %as);
    BEGIN;
    ALTER EXTENSION position_telemetry UPDATE TO '$version-$build';
    ALTER EXTENSION position_telemetry UPDATE;
    SELECT position_telemetry.attach('public');
    COMMIT
SQL
  return is(query($node, "SELECT position_telemetry.build(), position_telemetry.version() = extversion FROM pg_extension
      WHERE extname = 'position_telemetry'", database => $database), "$build|t", "$database: is of the $build build now, and of its version");
}

sub rights_on_schema {
  my ($database) = @_;
  return query($node, "SELECT a.grantee::regrole, a.privilege_type FROM pg_namespace, aclexplode(nspacl) a WHERE nspname = 'position_telemetry' ORDER BY 1, 2",
    database => $database);
}

foreach my $pair ([qw(native portable)], [qw(portable native)]) {
  my ($before, $after) = @$pair;
  my $database = "from_$before";
  # All of it by the owner of the database, who is no superuser.
  new_database($node, $database, $before, owner => 'desk');
  my %as = (user => 'desk');
  query($node, 'GRANT ALL ON SCHEMA public TO desk', database => $database);
  query($node, 'CREATE EXTENSION position_telemetry', database => $database, %as);
  query($node, "SELECT position_telemetry.attach('public')", database => $database, %as);
  trade($node, $database, %as);
  query($node, 'GRANT SELECT, INSERT, UPDATE ON active_positions TO writer; GRANT USAGE ON SEQUENCE active_positions_id_seq TO writer',
    database => $database, %as);
  query($node, 'REVOKE USAGE ON SCHEMA position_telemetry FROM PUBLIC; GRANT USAGE ON SCHEMA position_telemetry TO writer', database => $database);
  my $rows = snapshot($node, 'public', database => $database);
  my $rights = rights_on_schema($database);

  my $writer = $node->background_psql($database, extra_params => [ '-U', 'writer' ]);
  $writer->query_safe(<<'SQL');
    PREPARE mark AS UPDATE active_positions SET current_price = $2 WHERE id = $1;
    PREPARE close AS UPDATE active_positions SET status = 'closed', close_reason = 'stop_loss', current_price = $2 WHERE id = $1;
    BEGIN; EXECUTE mark(10, 108); EXECUTE close(10, 98); ROLLBACK;
SQL
  change_build($database, $after, %as);
  is(rights_on_schema($database), $rights, "$before to $after: rights that were taken away do not come back");
  query($node, 'GRANT USAGE ON SCHEMA position_telemetry TO PUBLIC', database => $database);
  same_catalog_ok($node, $database, "fresh_$after", "$before to $after");
  unchanged_ok(snapshot($node, 'public', database => $database), $rows, "$before to $after: no row has changed");
  verify_ok($node, 'public', "$before to $after: every object is in place", database => $database);

  $writer->query_safe('EXECUTE mark(10, 109); EXECUTE close(10, 97)');
  is(query($node, 'SELECT position_id, pnl_pct, best_unrealized_pnl_pct, worst_unrealized_pnl_pct FROM position_history WHERE position_id = 10', database => $database),
    '10|-3.00000000|9.00000000|-3.00000000', "$before to $after: a writer with few rights marks and closes in the session that it had");

  change_build($database, $before, %as);
  same_catalog_ok($node, $database, "fresh_$before", "$before to $after and back");
  $writer->query_safe('EXECUTE mark(11, 91); EXECUTE close(11, 99)');
  is(query($node, 'SELECT position_id, pnl_pct, best_unrealized_pnl_pct FROM position_history WHERE position_id = 11', database => $database),
    '11|1.00000000|9.00000000', "$before to $after and back: the writer goes on");
  $writer->quit;
}

# What was computed by one build is read by the other.
foreach my $pair ([qw(native portable)], [qw(portable native)]) {
  my ($before, $after) = @$pair;
  my $database = "fresh_$before";
  change_build($database, $after);
  life_goes_on_ok($node, $database, "$before to $after");
}

# The files of a later version over those of this one, which stay where they are: no way
# leads past a step or back, and verify() tells when the extension says what is not.
{
  my $next = next_project('9.0.0');
  my $directory = PostgreSQL::Test::Utils::tempdir() . '/generations';
  my $extension = $directory . $node->config_data('--sharedir') . '/extension';
  system("mkdir -p '$directory' && cp -r '@{[ files_of('native') ]}/usr' '$directory' && '$next/scripts/assemble' files native '$extension'") == 0
    or die 'cannot make the directory';
  foreach my $left (0, 1) {
    my $database = new_database($node, "generations_$left", $left ? 'native' : 'portable');
    my $name = $left ? 'left between two versions' : 'from an earlier version';
    query($node, "CREATE EXTENSION position_telemetry; SELECT position_telemetry.attach('public')", database => $database);
    if ($left) {
      query($node, "ALTER EXTENSION position_telemetry UPDATE TO '$version-native'", database => $database);
      like(query($node, "SELECT detail FROM position_telemetry.verify('public') WHERE NOT ok", database => $database),
        qr/^the functions are of version \Q$version\E, the extension says \Q$version\E-native: run/, "$name: verify() says so");
    }
    use_files($node, $database, $directory);
    query($node, $left ? 'ALTER EXTENSION position_telemetry UPDATE'
        : "ALTER EXTENSION position_telemetry UPDATE TO '9.0.0-native'; ALTER EXTENSION position_telemetry UPDATE", database => $database);
    is(query($node, <<'SQL', database => $database), '9.0.0|9.0.0|native|9|1', "$name: every step is taken");
      SELECT extversion, position_telemetry.version(), position_telemetry.build(), position_telemetry.next(),
             (SELECT count(*) FROM pg_attribute WHERE attrelid = 'position_telemetry.mark_result'::regclass AND attname = 'note')
        FROM pg_extension WHERE extname = 'position_telemetry'
SQL
    is(sqlstate($node, "ALTER EXTENSION position_telemetry UPDATE TO '$version'", database => $database), '22023', "$name: none leads back");
  }
}

# Without attach() a write fails and says what to do, and nothing is half done.
foreach my $pair ([qw(native portable)], [qw(portable native)]) {
  my ($before, $after) = @$pair;
  my $database = "forgotten_in_$after";
  new_database($node, $database, $before);
  query($node, "CREATE EXTENSION position_telemetry; SELECT position_telemetry.attach('public')", database => $database);
  use_files($node, $database, $after);
  query($node, "ALTER EXTENSION position_telemetry UPDATE TO '$version-$after'; ALTER EXTENSION position_telemetry UPDATE", database => $database);
  my $write = "INSERT INTO active_positions (ticker) VALUES ('A')";
  like(error_of($node, $write, database => $database), qr/HINT:.*attach\('public'\)/, "$before to $after: a write before attach() says to run it");
  is(sqlstate($node, $write, database => $database), '39P01', "$before to $after: with the SQLSTATE of a misplaced trigger");
  like(query($node, "SELECT check_name FROM position_telemetry.verify('public') WHERE NOT ok", database => $database),
    qr/^trigger position_telemetry_write$/m, "$before to $after: verify() names the trigger that is out of date");
  query($node, "SELECT position_telemetry.attach('public'); $write", database => $database);
  is(query($node, 'SELECT count(*) FROM active_positions', database => $database), 1, "$before to $after: then it goes through");
}

done_testing();
