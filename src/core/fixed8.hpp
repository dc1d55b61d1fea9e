// Exact decimal arithmetic for prices, money and percent.
//
// A Fixed8 is a count of 1e-8 units: the values of numeric(18,8), the type every
// telemetry column has. The functions here give the digits that PostgreSQL's
// numeric operators give for the formulas of the contract, or nothing: then 128
// bits were not enough or the result is wider than numeric(18,8), and the caller
// asks the numeric operators themselves.
#pragma once

#include <cstdint>
#include <optional>

namespace position_telemetry {

using Fixed8 = std::int64_t;

inline constexpr Fixed8 kUnit = 100'000'000;
// numeric(18,8) holds what is smaller than this in magnitude.
inline constexpr Fixed8 kLimit = 1'000'000'000'000'000'000;

// round(realized + direction * (mark - entry) * quantity * multiplier, 8)
std::optional<Fixed8> pnl_dollars(int direction, Fixed8 entry, Fixed8 mark,
                                  Fixed8 quantity, Fixed8 multiplier,
                                  Fixed8 realized) noexcept;

// round(100 * direction * (mark - entry) / abs(entry), 8); entry must not be 0.
// Numeric division rounds once to a scale of its own before round() does, and so
// does this: see select_div_scale() in PostgreSQL's numeric.c.
std::optional<Fixed8> pnl_pct(int direction, Fixed8 entry,
                              Fixed8 mark) noexcept;

// round(value, scale) for a scale of 0 to 8.
Fixed8 rounded_to(Fixed8 value, int scale) noexcept;

// Whether mark lies further than max_move_pct percent away from last.
// A last price of 0 has no percent: nothing is too far from it.
bool moved_further_than(Fixed8 max_move_pct, Fixed8 last, Fixed8 mark) noexcept;

}  // namespace position_telemetry
