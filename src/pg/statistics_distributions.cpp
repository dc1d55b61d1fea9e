// Quantiles and tail probabilities in SQL; the checks of their arguments are
// made by the SQL functions that call them.
#include "../core/guarded.hpp"
#include "../core/statistics_distributions.hpp"
#include "statistics.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pt_normal_quantile);
PG_FUNCTION_INFO_V1(pt_student_t_quantile);
PG_FUNCTION_INFO_V1(pt_student_t_two_sided);
}

extern "C" Datum pt_normal_quantile(PG_FUNCTION_ARGS) {
  using namespace position_telemetry;
  const double probability = PG_GETARG_FLOAT8(0);
  double result = 0;
  report_failure(guarded([&] { result = normal_quantile(probability); }));
  PG_RETURN_FLOAT8(result);
}

extern "C" Datum pt_student_t_quantile(PG_FUNCTION_ARGS) {
  using namespace position_telemetry;
  const double probability = PG_GETARG_FLOAT8(0);
  const double degrees_of_freedom = PG_GETARG_FLOAT8(1);
  double result = 0;
  report_failure(guarded(
      [&] { result = student_t_quantile(probability, degrees_of_freedom); }));
  PG_RETURN_FLOAT8(result);
}

extern "C" Datum pt_student_t_two_sided(PG_FUNCTION_ARGS) {
  using namespace position_telemetry;
  const double t = PG_GETARG_FLOAT8(0);
  const double degrees_of_freedom = PG_GETARG_FLOAT8(1);
  double result = 0;
  report_failure(guarded(
      [&] { result = student_t_two_sided(t, degrees_of_freedom); }));
  PG_RETURN_FLOAT8(result);
}
