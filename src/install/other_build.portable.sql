-- What the native build has that the portable one does not: the state functions of
-- central_moments(), which built-in ones replace.
DROP FUNCTION IF EXISTS
  position_telemetry.fold_moments(double precision[], double precision),
  position_telemetry.merge_moments(double precision[], double precision[]);
