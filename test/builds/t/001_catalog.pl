# Both builds offer the same API, down to names of arguments, defaults, volatility and
# comments, however they are installed; what may differ is listed with its reason.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/..", "$FindBin::RealBin/../../tap/lib";
use Builds;
use PositionTelemetry;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('catalog');
foreach my $build (qw(native portable)) {
  new_database($node, $build, $build);
  query($node, 'CREATE EXTENSION position_telemetry', database => $build);
  is(query($node, 'SELECT position_telemetry.build()', database => $build), $build, "the $build build says so");
}
new_database($node, 'plain');
psql_ok($node, 'plain', script_of('plain'), 'the plain script installs');
is(query($node, 'SELECT position_telemetry.version()', database => 'plain'),
  query($node, "SELECT extversion FROM pg_extension WHERE extname = 'position_telemetry'", database => 'native'),
  'and knows its version');

# Every difference is a function of one build that the list gives a reason for.
my @allowed = map { [ split /\t/ ] } grep { !/^#/ } split /\n/, slurp_file("$FindBin::RealBin/../allowed_differences");
is(join("\n", map { "@$_" } grep { @$_ != 3 || $_->[0] !~ /^(native|portable)$/ } @allowed), '', 'every allowed difference has a reason');

sub signatures_of {
  my ($database) = @_;
  return map { $_ => 1 } split /\n/, query($node, <<'SQL', database => $database);
    SET search_path = pg_catalog;
    SELECT replace(p.oid::regprocedure::text, 'position_telemetry.' || p.proname || '(', p.proname || '(')
      FROM pg_proc p WHERE p.pronamespace = 'position_telemetry'::regnamespace
SQL
}

my %of = map { $_ => { signatures_of($_) } } qw(native portable);
foreach my $pair ([qw(native portable)], [qw(portable native)]) {
  my ($build, $other) = @$pair;
  my @only = sort grep { !$of{$other}{$_} } keys %{ $of{$build} };
  my @listed = sort map { $_->[1] =~ s/, /,/gr } grep { $_->[0] eq $build } @allowed;
  is(join("\n", @only), join("\n", @listed), "what only the $build build has is what is allowed");
}

sub without_allowed {
  my ($catalog) = @_;
  my $names = join '|', map { $_->[1] =~ s/\(.*//r } @allowed;
  return join "\n", grep { !/^function ($names)\(/ } split /\n/, $catalog;
}

my %catalog = map { $_ => catalog_of($node, $_) } qw(native portable plain);
cmp_ok(scalar(split /\n/, $catalog{native}), '>', 300, 'the comparison sees the API');
is(join("\n", differences_of(map { without_allowed($catalog{$_}) } qw(native portable))), '', 'all else is the same in native and portable');
is(join("\n", differences_of(map { $catalog{$_} } qw(portable plain))), '', 'and the same, all of it, where the plain script installed it');
unlike($catalog{native}, qr/no comment$/m, 'every function, aggregate and type has a comment');

# And attach() makes the same of a schema. The statement trigger calls the library in
# the native build, else a function that runs as the owner.
attach_ok($node, 'public', database => $_) foreach qw(native portable plain);
my %attached = map { $_ => attached_catalog_of($node, $_) } qw(native portable plain);
is(join("\n", differences_of(map { $attached{$_} } qw(native portable))), <<'LINES' =~ s/\n\z//r, 'attach() makes the same of a schema');
-trigger CREATE TRIGGER position_telemetry_write AFTER INSERT OR UPDATE ON public.active_positions FOR EACH STATEMENT EXECUTE FUNCTION position_telemetry.write_changes() enabled O
+function public.position_telemetry_write() security definer
+trigger CREATE TRIGGER position_telemetry_write AFTER INSERT OR UPDATE ON public.active_positions FOR EACH STATEMENT EXECUTE FUNCTION public.position_telemetry_write() enabled O
LINES
is(join("\n", differences_of($attached{portable}, $attached{plain} =~ s/ WHEN \(\(position_telemetry\.build\(\) IS NOT NULL\)\)//gr
        =~ s/\(\(\(position_telemetry\.build\(\) IS NOT NULL\) AND (.*?)\)\) EXECUTE/($1) EXECUTE/gr)),
  '', 'and the same where there is no extension, but that triggers depend on a function of ours');

done_testing();
