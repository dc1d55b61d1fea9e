#include "moments.hpp"

#include <algorithm>
#include <boost/accumulators/framework/accumulator_base.hpp>
#include <boost/accumulators/framework/accumulator_set.hpp>
#include <boost/accumulators/framework/depends_on.hpp>
#include <boost/accumulators/framework/extractor.hpp>
#include <boost/accumulators/framework/features.hpp>
#include <boost/accumulators/framework/parameters/sample.hpp>
#include <cmath>

#include "core_only.hpp"

namespace position_telemetry {
namespace {

// One more value, given by its distance from the origin; all but the extremes.
void fold_powers(Moments& moments, double value) noexcept {
  const double before = static_cast<double>(moments.n);
  const double n = before + 1;
  const double delta = value - moments.mean;
  const double step = delta / n;
  const double step2 = step * step;
  const double term = delta * step * before;
  moments.n += 1;
  moments.mean += step;
  moments.m4 += term * step2 * (n * n - 3 * n + 3) + 6 * step2 * moments.m2 -
                4 * step * moments.m3;
  moments.m3 += term * step * (n - 2) - 3 * step * moments.m2;
  moments.m2 += term;
}

}  // namespace

void fold(RunningMoments& running, double value) noexcept {
  Moments& moments = running.from_origin;
  if (moments.n == 0) running.origin = moments.min = moments.max = value;
  moments.min = std::min(moments.min, value);
  moments.max = std::max(moments.max, value);
  fold_powers(moments, value - running.origin);
}

RunningMoments merged(const RunningMoments& a,
                      const RunningMoments& b) noexcept {
  if (a.from_origin.n == 0) return b;
  Moments other = b.from_origin;
  other.mean += b.origin - a.origin;
  return {a.origin, merged(a.from_origin, other)};
}

Moments moments_of(const RunningMoments& running) noexcept {
  Moments moments = running.from_origin;
  moments.mean += running.origin;
  return moments;
}

Moments merged(const Moments& a, const Moments& b) noexcept {
  if (a.n == 0) return b;
  if (b.n == 0) return a;
  const double na = static_cast<double>(a.n);
  const double nb = static_cast<double>(b.n);
  const double n = na + nb;
  const double delta = b.mean - a.mean;
  const double step = delta / n;
  Moments both;
  both.n = a.n + b.n;
  both.mean = a.mean + step * nb;
  both.m2 = a.m2 + b.m2 + delta * step * na * nb;
  both.m3 = a.m3 + b.m3 + delta * step * step * na * nb * (na - nb) +
            3 * step * (na * b.m2 - nb * a.m2);
  both.m4 = a.m4 + b.m4 +
            delta * step * step * step * na * nb *
                (na * na - na * nb + nb * nb) +
            6 * step * step * (na * na * b.m2 + nb * nb * a.m2) +
            4 * step * (na * b.m3 - nb * a.m3);
  both.min = std::min(a.min, b.min);
  both.max = std::max(a.max, b.max);
  return both;
}

bool is_finite(const Moments& moments) noexcept {
  return std::isfinite(moments.mean) && std::isfinite(moments.m2) &&
         std::isfinite(moments.m3) && std::isfinite(moments.m4);
}

// The feature, as the library's guide defines one: a tag that names the
// implementation, the implementation, and an extractor.
namespace accumulators = boost::accumulators;

namespace {

struct CentralMoments : accumulators::accumulator_base {
  using result_type = Moments;

  explicit CentralMoments(accumulators::dont_care) {}

  template <class Arguments>
  void operator()(const Arguments& arguments) {
    fold(running_, arguments[accumulators::sample]);
  }

  result_type result(accumulators::dont_care) const {
    return moments_of(running_);
  }

 private:
  RunningMoments running_;
};

struct CentralMomentsFeature : accumulators::depends_on<> {
  using impl = boost::mpl::always<CentralMoments>;
};

const accumulators::extractor<CentralMomentsFeature> central_moments = {};

}  // namespace

Moments moments_of(const double* values, std::size_t count) {
  using namespace accumulators;
  accumulator_set<double, features<CentralMomentsFeature>> set;
  for (std::size_t i = 0; i < count; ++i) set(values[i]);
  return central_moments(set);
}

}  // namespace position_telemetry
