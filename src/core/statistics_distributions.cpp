#include "statistics_distributions.hpp"

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "core_only.hpp"

namespace position_telemetry {

double normal_quantile(double probability) {
  return boost::math::quantile(boost::math::normal_distribution<double>(),
                               probability);
}

double student_t_quantile(double probability, double degrees_of_freedom) {
  return boost::math::quantile(
      boost::math::students_t_distribution<double>(degrees_of_freedom),
      probability);
}

double student_t_two_sided(double t, double degrees_of_freedom) {
  const boost::math::students_t_distribution<double> distribution(
      degrees_of_freedom);
  return 2 * boost::math::cdf(
                 boost::math::complement(distribution, std::fabs(t)));
}

}  // namespace position_telemetry
