# What pg_tle refuses, and what the plain script could not do, is not in the portable
# build: neither statements, nor languages, nor its own delimiters, nor functions of
# pg_tle that its first release did not have. Every rule is shown to find what it is for.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/..", "$FindBin::RealBin/../../tap/lib";
use Builds;
use PostgreSQL::Test::Utils;
use Test::More;

# The statements of a script, without comments, bodies of functions and what stands between quotes.
sub statements_of {
  my ($script) = @_;
  my $text = $script;
  $text =~ s/('(?:[^']|'')*')|(\$(\w*)\$.*?\$\3\$)|--[^\n]*/defined $1 ? "''" : defined $2 ? '$$' : ''/gse;
  $text =~ s/\bBEGIN ATOMIC\b.*?^END;/;/gms;
  return map { s/^\s+//r =~ s/\s+/ /gr } split /;/, $text;
}

# Each rule: what it is about, where it looks (statement or script), what it refuses, and
# an example that it must find.
my @rules = (
  [ 'a language that is not trusted', 'statement', qr/\bLANGUAGE '?(?:c|internal|plpython3?u|plperlu)\b/i, 'CREATE FUNCTION f() RETURNS int AS $$f$$ LANGUAGE c' ],
  [ 'an internal state', 'statement', qr/\bSTYPE = internal\b/i, 'CREATE AGGREGATE a(int) (SFUNC = f, STYPE = internal)' ],
  [ 'an operator class or family', 'statement', qr/^(?:CREATE|ALTER|DROP) OPERATOR (?:CLASS|FAMILY)\b/i, 'CREATE OPERATOR CLASS c FOR TYPE t USING btree AS OPERATOR 1 <' ],
  [ 'a base type', 'statement', qr/^CREATE TYPE [\w.]+ ?(?:$|\( ?INPUT\b)/i, 'CREATE TYPE t (INPUT = t_in, OUTPUT = t_out)' ],
  [ 'an event trigger', 'statement', qr/^(?:CREATE|ALTER|DROP) EVENT TRIGGER\b/i, 'CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()' ],
  [ 'a role', 'statement', qr/^(?:CREATE|ALTER|DROP) (?:ROLE|USER|GROUP)\b/i, 'CREATE ROLE r' ],
  [ 'foreign data', 'statement', qr/^(?:CREATE|ALTER|DROP|IMPORT) (?:FOREIGN|SERVER|USER MAPPING)\b/i, 'CREATE FOREIGN DATA WRAPPER w' ],
  [ 'a transaction of its own', 'statement', qr/^(?:BEGIN|START TRANSACTION|COMMIT|END|ROLLBACK|SAVEPOINT|PREPARE TRANSACTION)\b/i, 'COMMIT' ],
  [ 'a change of schema', 'statement', qr/\bSET SCHEMA\b/i, 'ALTER FUNCTION f() SET SCHEMA other' ],
  [ 'a setting of a role, database or server', 'statement', qr/^ALTER (?:DATABASE|SYSTEM)\b/i, 'ALTER DATABASE d SET a.b = 1' ],
  [ 'a table, sequence or view of its own', 'statement', qr/^CREATE (?:\w+ )*?(?:TABLE|SEQUENCE|VIEW|INDEX)\b/i, 'CREATE UNLOGGED TABLE t (a int)' ],
  [ 'a language, method, publication or extension', 'statement', qr/^CREATE (?:\w+ )*?(?:LANGUAGE|ACCESS METHOD|PUBLICATION|SUBSCRIPTION|EXTENSION|TABLESPACE|DATABASE)\b/i, 'CREATE PUBLICATION p FOR ALL TABLES' ],
  [ 'a file of the server', 'statement', qr/^(?:COPY|LOAD|DO LANGUAGE)\b/i, "COPY t FROM '/etc/passwd'" ],
  [ 'rights that are borrowed', 'statement', qr/\bSECURITY DEFINER\b/i, 'CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS $$SELECT 1$$' ],
  [ 'a statement that psql alone knows', 'statement', qr/^\\/, '\\copy t from file' ],
  [ 'a delimiter of pg_tle', 'script', qr/\$_pgtle_[io]_\$/, 'SELECT $_pgtle_i_$1$_pgtle_i_$' ],
  [ 'the delimiter of the registration', 'script', qr/\$position_telemetry_script\$/, 'SELECT $position_telemetry_script$1$position_telemetry_script$' ]);

# The rules that a script breaks, each with what breaks it.
sub broken_by {
  my ($script) = @_;
  my @statements = statements_of($script);
  return map {
    my ($what, $where, $refused) = @$_;
    map { "$what: " . substr $_, 0, 120 } grep { $_ =~ $refused } $where eq 'script' ? $script : @statements;
  } @rules;
}

foreach my $rule (@rules) {
  my ($what, undef, undef, $example) = @$rule;
  like(join("\n", broken_by("SELECT 'quoted; COMMIT'; -- COMMIT;\n$example;\n")), qr/^\Q$what\E: /m, "finds $what");
}
is(join("\n", broken_by("SELECT 'COMMIT;'; -- COMMIT;\nDO \$\$ BEGIN PERFORM 'a'; COMMIT; END \$\$;\n")), '', 'does not look into quotes and comments');

foreach my $kind ('install portable', 'update portable', 'update portable 1.0.0') {
  my $script = slurp_file(script_of($kind));
  cmp_ok(scalar(statements_of($script)), '>', 600, "$kind: the rules see statements");
  is(join("\n", broken_by($script)), '', "$kind: has nothing that pg_tle refuses");
}

# Where standard_conforming_strings is off, a backslash in an ordinary literal is another
# character: in none of the modules is there one but in literals with E.
foreach my $build (qw(native portable)) {
  my $text = slurp_file(script_of("install $build"));
  $text =~ s/--[^\n]*|\bE'(?:[^'\\]|\\.|'')*'(?:\s*\n\s*'(?:[^'\\]|\\.|'')*')*//gs;
  is(join("\n", grep { /\\/ } split /\n/, $text), '', "$build: no literal depends on standard_conforming_strings");
}

# install_extension() with more arguments, and newer functions, are not on every managed server.
my $registration = slurp_file(script_of('tle')) =~ s/\$position_telemetry_script\$.*?\$position_telemetry_script\$/script/gsr;
my %calls = map { $_ => 1 } $registration =~ /pgtle\.(\w+)\s*\(/g;
is(join(' ', sort keys %calls), 'available_extension_versions install_extension install_update_path set_default_version',
  'the registration calls what the first release of pg_tle had');
is(() = ($registration =~ /install_extension\(:'name', '[^']*',\s*'[^']*',\s*script\s*\)/), 1, 'with the arguments that it had');

done_testing();
