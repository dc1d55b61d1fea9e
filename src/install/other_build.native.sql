-- What the portable build has that the native one does not: helpers that C++ does without.
DROP FUNCTION IF EXISTS
  position_telemetry.rebased_excursion(position_telemetry.excursion, position_telemetry.terms, position_telemetry.terms, timestamptz, text, text, integer, integer),
  position_telemetry.mirrored(position_telemetry.excursion, boolean),
  position_telemetry.terms_of(text, numeric, numeric, numeric, text, text, numeric),
  position_telemetry.rebased(integer, numeric, numeric, numeric),
  position_telemetry.extreme(integer, numeric),
  position_telemetry.below(numeric, text),
  position_telemetry.finite(numeric),
  position_telemetry.moved_further_than(numeric, numeric, numeric),
  position_telemetry.enqueue(oid, text),
  position_telemetry.dequeue(oid),
  position_telemetry.bucket_key(double precision),
  position_telemetry.merged_moments(position_telemetry.sample[]),
  position_telemetry.gamma_ratio(double precision),
  position_telemetry.beta_fraction(double precision, double precision, double precision);
