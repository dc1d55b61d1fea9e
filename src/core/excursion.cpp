#include "excursion.hpp"

#include <algorithm>
#include <utility>

#include "core_only.hpp"

namespace position_telemetry {
namespace {

// One side of the excursion in the terms of the favourable one: the adverse
// side is the same with all signs turned.
struct Side {
  Fixed8& pct;
  Fixed8& dollars;
  std::optional<Fixed8>& price;
  std::optional<Microseconds>& time;
  std::optional<Fixed8>& other_before_pct;
  const Fixed8& other_pct;
  int sign;

  bool beyond(Fixed8 a, Fixed8 b) const noexcept {
    return sign > 0 ? a > b : a < b;
  }
};

Side favourable(Excursion& x) noexcept {
  return {x.best_pct, x.best_dollars, x.mfe_price, x.mfe_time,
          x.mae_before_mfe_pct, x.worst_pct, 1};
}

Side adverse(Excursion& x) noexcept {
  return {x.worst_pct, x.worst_dollars, x.mae_price, x.mae_time,
          x.mfe_before_mae_pct, x.best_pct, -1};
}

void fold_price(Side side, int direction, Fixed8 price) noexcept {
  const bool higher_is_beyond = direction * side.sign > 0;
  if (!side.price ||
      (higher_is_beyond ? price > *side.price : price < *side.price))
    side.price = price;
}

void fold_pct(Side side, Fixed8 pct, Microseconds time) noexcept {
  if (side.beyond(pct, side.pct)) {
    side.other_before_pct = side.other_pct;
    side.pct = pct;
    side.time = time;
  } else if (pct == side.pct && pct != 0 && side.time && time < *side.time) {
    side.time = time;
  }
}

void fold_dollars(Side side, Fixed8 dollars) noexcept {
  if (side.beyond(dollars, side.dollars)) side.dollars = dollars;
}

// The extreme that a measure at the extreme price stands for.
Fixed8 extreme(const Side& side, Fixed8 value) noexcept {
  return side.beyond(value, 0) ? value : 0;
}

// What could not be valued, for want of an entry price, gave nothing: 0.
bool gave(const Side& side, const std::optional<Fixed8>& at_price,
          Fixed8 kept) noexcept {
  return extreme(side, at_price.value_or(0)) == kept;
}

void rebase_pct(Side side, const Pnl& before, const Pnl& after,
                std::optional<Microseconds> known_by) noexcept {
  if (!after.pct || !gave(side, before.pct, side.pct)) return;
  const Fixed8 kept = side.pct;
  side.pct = extreme(side, *after.pct);
  if (side.pct != kept && !side.time) {
    side.time = known_by;
    side.other_before_pct = 0;
  }
}

// An extreme of 0 is the entry itself, of which there is no mark.
void forget_entry(Side side) noexcept {
  if (side.pct != 0) return;
  side.time.reset();
  side.other_before_pct.reset();
}

// Money follows only when both extremes are what their prices give for the
// quantity held: else it has changed since.
void rebase_dollars(Excursion& x, const PnlAtExtremes& before,
                    const PnlAtExtremes& after) noexcept {
  const Side best = favourable(x);
  const Side worst = adverse(x);
  if (!after.at_mfe.dollars || !after.at_mae.dollars ||
      !gave(best, before.at_mfe.dollars, best.dollars) ||
      !gave(worst, before.at_mae.dollars, worst.dollars))
    return;
  best.dollars = extreme(best, *after.at_mfe.dollars);
  worst.dollars = extreme(worst, *after.at_mae.dollars);
}

void clamp_order(Excursion& x) noexcept {
  if (x.mae_before_mfe_pct)
    x.mae_before_mfe_pct = std::clamp<Fixed8>(*x.mae_before_mfe_pct,
                                              x.worst_pct, 0);
  if (x.mfe_before_mae_pct)
    x.mfe_before_mae_pct = std::clamp<Fixed8>(*x.mfe_before_mae_pct, 0,
                                              x.best_pct);
}

void negate(std::optional<Fixed8>& value) noexcept {
  if (value) value = -*value;
}

}  // namespace

void floor_at_entry(Excursion& x) noexcept {
  x.best_pct = std::max<Fixed8>(x.best_pct, 0);
  x.worst_pct = std::min<Fixed8>(x.worst_pct, 0);
  x.best_dollars = std::max<Fixed8>(x.best_dollars, 0);
  x.worst_dollars = std::min<Fixed8>(x.worst_dollars, 0);
  forget_entry(favourable(x));
  forget_entry(adverse(x));
}

void fold(Excursion& x, int direction, const Mark& mark,
          const Pnl& pnl) noexcept {
  for (const Side& side : {favourable(x), adverse(x)}) {
    fold_price(side, direction, mark.price);
    if (pnl.pct) fold_pct(side, *pnl.pct, mark.time);
    if (pnl.dollars) fold_dollars(side, *pnl.dollars);
  }
}

void rebase(Excursion& x, const PnlAtExtremes& before,
            const PnlAtExtremes& after,
            std::optional<Microseconds> known_by) noexcept {
  rebase_dollars(x, before, after);
  rebase_pct(favourable(x), before.at_mfe, after.at_mfe, known_by);
  rebase_pct(adverse(x), before.at_mae, after.at_mae, known_by);
  forget_entry(favourable(x));
  forget_entry(adverse(x));
  clamp_order(x);
}

void mirror(Excursion& x, bool with_dollars) noexcept {
  std::swap(x.best_pct, x.worst_pct);
  x.best_pct = -x.best_pct;
  x.worst_pct = -x.worst_pct;
  if (with_dollars) {
    std::swap(x.best_dollars, x.worst_dollars);
    x.best_dollars = -x.best_dollars;
    x.worst_dollars = -x.worst_dollars;
  }
  std::swap(x.mfe_price, x.mae_price);
  std::swap(x.mfe_time, x.mae_time);
  std::swap(x.mae_before_mfe_pct, x.mfe_before_mae_pct);
  negate(x.mae_before_mfe_pct);
  negate(x.mfe_before_mae_pct);
}

}  // namespace position_telemetry
