// The distributions behind intervals and tests, from Boost.Math.
#pragma once

namespace position_telemetry {

// The value below which a standard normal variable falls with this probability,
// which lies between 0 and 1. Throws on other probabilities.
double normal_quantile(double probability);

// The same for Student's t with this many degrees of freedom, above 0.
double student_t_quantile(double probability, double degrees_of_freedom);

// The probability that |t| is at least this large.
double student_t_two_sided(double t, double degrees_of_freedom);

}  // namespace position_telemetry
