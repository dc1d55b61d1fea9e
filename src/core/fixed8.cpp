#include "fixed8.hpp"

#include "core_only.hpp"

namespace position_telemetry {
namespace {

__extension__ typedef __int128 Wide;

// PostgreSQL's numeric keeps base-10000 digits and at least 16 significant
// decimal digits in a quotient.
constexpr int kBase = 10'000;
constexpr int kBaseDecimals = 4;
constexpr int kMinSignificant = 16;
constexpr int kScale = 8;

Wide magnitude(Wide value) noexcept { return value < 0 ? -value : value; }

std::optional<Wide> times(Wide a, Wide b) noexcept {
  Wide product;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

std::optional<Wide> power_of_ten(int exponent) noexcept {
  Wide power = 1;
  for (int i = 0; i < exponent; ++i) {
    if (__builtin_mul_overflow(power, static_cast<Wide>(10), &power))
      return std::nullopt;
  }
  return power;
}

// Half away from zero, as numeric rounds.
Wide divide_rounded(Wide dividend, Wide divisor) noexcept {
  const Wide quotient = magnitude(dividend) / divisor;
  const Wide rest = magnitude(dividend) % divisor;
  const Wide rounded = quotient + (rest >= divisor - rest ? 1 : 0);
  return dividend < 0 ? -rounded : rounded;
}

std::optional<Fixed8> narrowed(Wide value) noexcept {
  if (magnitude(value) >= kLimit) return std::nullopt;
  return static_cast<Fixed8>(value);
}

// The leading base-10000 digit of a magnitude in units of 1e-8, and its weight.
struct Leading {
  int digit;
  int weight;
};

Leading leading_digit(Wide units) noexcept {
  int weight = -(kScale / kBaseDecimals);
  while (units >= kBase) {
    units /= kBase;
    ++weight;
  }
  return {static_cast<int>(units), weight};
}

// The scale select_div_scale() picks for operands of at most 8 decimals whose
// quotient fits numeric(18,8).
int division_scale(Wide dividend, Wide divisor) noexcept {
  const Leading top = leading_digit(dividend);
  const Leading bottom = leading_digit(divisor);
  int weight = top.weight - bottom.weight;
  if (top.digit <= bottom.digit) --weight;
  return kMinSignificant - weight * kBaseDecimals;
}

}  // namespace

std::optional<Fixed8> pnl_dollars(int direction, Fixed8 entry, Fixed8 mark,
                                  Fixed8 quantity, Fixed8 multiplier,
                                  Fixed8 realized) noexcept {
  const Wide move = static_cast<Wide>(direction) *
                    (static_cast<Wide>(mark) - static_cast<Wide>(entry));
  const auto per_contract = times(move, quantity);
  if (!per_contract) return std::nullopt;
  const auto gain = times(*per_contract, multiplier);
  if (!gain) return std::nullopt;
  // The product of three values counts units of 1e-24.
  constexpr Wide kGainToUnits = static_cast<Wide>(kUnit) * kUnit;
  Wide sum;
  if (__builtin_add_overflow(realized * kGainToUnits, *gain, &sum))
    return std::nullopt;
  return narrowed(divide_rounded(sum, kGainToUnits));
}

std::optional<Fixed8> pnl_pct(int direction, Fixed8 entry,
                              Fixed8 mark) noexcept {
  const Wide move = static_cast<Wide>(mark) - static_cast<Wide>(entry);
  if (move == 0) return 0;
  const Wide dividend = 100 * static_cast<Wide>(direction) * move;
  const Wide divisor = magnitude(entry);
  const int scale = division_scale(magnitude(dividend), divisor);
  if (scale < kScale) return std::nullopt;  // too wide for numeric(18,8)
  const auto shift = power_of_ten(scale);
  if (!shift) return std::nullopt;
  const auto shifted = times(dividend, *shift);
  if (!shifted) return std::nullopt;
  const Wide quotient = divide_rounded(*shifted, divisor);
  return narrowed(divide_rounded(quotient, *power_of_ten(scale - kScale)));
}

Fixed8 rounded_to(Fixed8 value, int scale) noexcept {
  if (scale >= kScale) return value;
  const Wide step = *power_of_ten(kScale - scale);
  return static_cast<Fixed8>(divide_rounded(value, step) * step);
}

bool moved_further_than(Fixed8 max_move_pct, Fixed8 last,
                        Fixed8 mark) noexcept {
  if (last == 0) return false;
  const Wide move = magnitude(static_cast<Wide>(mark) - last);
  return move * 100 * kUnit >
         static_cast<Wide>(max_move_pct) * magnitude(last);
}

}  // namespace position_telemetry
