// The life of a position's extremes: how a mark is folded into the maximum
// favourable (MFE) and adverse (MAE) excursion, and how a correction re-bases
// them. Everything here is trivially destructible and cannot fail.
#pragma once

#include <cstdint>
#include <optional>

#include "fixed8.hpp"

namespace position_telemetry {

using Microseconds = std::int64_t;

struct Mark {
  Fixed8 price;
  Microseconds time;
};

// Profit and loss at one price; a measure that cannot be computed is absent.
struct Pnl {
  std::optional<Fixed8> pct;
  std::optional<Fixed8> dollars;
};

struct Excursion {
  Fixed8 best_pct = 0;
  Fixed8 worst_pct = 0;
  Fixed8 best_dollars = 0;
  Fixed8 worst_dollars = 0;
  std::optional<Fixed8> mfe_price;
  std::optional<Fixed8> mae_price;
  std::optional<Microseconds> mfe_time;
  std::optional<Microseconds> mae_time;
  // The other side's pct extreme at the moment this one was reached.
  std::optional<Fixed8> mae_before_mfe_pct;
  std::optional<Fixed8> mfe_before_mae_pct;
};

// best is never negative, worst never positive.
void floor_at_entry(Excursion& excursion) noexcept;

// Folds one mark in. Monotone; O(1).
void fold(Excursion& excursion, int direction, const Mark& mark,
          const Pnl& pnl) noexcept;

// What the best and the worst mark seen so far are worth.
struct PnlAtExtremes {
  Pnl at_mfe;
  Pnl at_mae;
};

// Recomputes the extremes after a correction of entry price or multiplier, when
// a best and a worst mark are known. Only an extreme that its price really gave
// before the correction moves: others were taken over from elsewhere, or the
// quantity has changed since.
// known_by: when the marks had certainly been seen, for an extreme that is new.
void rebase(Excursion& excursion, const PnlAtExtremes& before,
            const PnlAtExtremes& after,
            std::optional<Microseconds> known_by) noexcept;

// A position whose direction is corrected: best and worst change places. Money
// does so only while nothing was realised, which keeps its sign.
void mirror(Excursion& excursion, bool with_dollars) noexcept;

}  // namespace position_telemetry
