// Positions and marks for the tests of excursions, and the definition of an
// excursion written down the slow way.
#pragma once

#include <algorithm>
#include <optional>
#include <ostream>
#include <vector>

#include "decimal.hpp"
#include "excursion.hpp"
#include "seeded_random.hpp"

namespace position_telemetry {

inline bool operator==(const Excursion& a, const Excursion& b) {
  return a.best_pct == b.best_pct && a.worst_pct == b.worst_pct &&
         a.best_dollars == b.best_dollars &&
         a.worst_dollars == b.worst_dollars && a.mfe_price == b.mfe_price &&
         a.mae_price == b.mae_price && a.mfe_time == b.mfe_time &&
         a.mae_time == b.mae_time &&
         a.mae_before_mfe_pct == b.mae_before_mfe_pct &&
         a.mfe_before_mae_pct == b.mfe_before_mae_pct;
}

inline std::ostream& operator<<(std::ostream& out, const Excursion& x) {
  const auto show = [&](const char* name, std::optional<std::int64_t> value) {
    out << ' ' << name << ' ';
    if (value)
      out << *value;
    else
      out << "null";
  };
  show("best_pct", x.best_pct);
  show("worst_pct", x.worst_pct);
  show("best_dollars", x.best_dollars);
  show("worst_dollars", x.worst_dollars);
  show("mfe_price", x.mfe_price);
  show("mae_price", x.mae_price);
  show("mfe_time", x.mfe_time);
  show("mae_time", x.mae_time);
  show("mae_before_mfe_pct", x.mae_before_mfe_pct);
  show("mfe_before_mae_pct", x.mfe_before_mae_pct);
  return out;
}

struct Position {
  int direction = 1;
  Fixed8 entry = 100_f8;
  Fixed8 quantity = 10_f8;
  Fixed8 multiplier = 1_f8;
  Fixed8 realized = 0;

  Pnl at(Fixed8 price) const {
    Pnl pnl;
    if (entry != 0) pnl.pct = pnl_pct(direction, entry, price);
    pnl.dollars =
        pnl_dollars(direction, entry, price, quantity, multiplier, realized);
    return pnl;
  }

  PnlAtExtremes at_extremes_of(const Excursion& x) const {
    return {at(*x.mfe_price), at(*x.mae_price)};
  }
};

constexpr Position kLong{};
constexpr Position kShort{.direction = -1};

inline Excursion after(const Position& position,
                       const std::vector<Mark>& marks) {
  Excursion x;
  for (const Mark& mark : marks)
    fold(x, position.direction, mark, position.at(mark.price));
  return x;
}

// The definition, applied to all marks at once.
inline Excursion recomputed(const Position& position,
                            const std::vector<Mark>& marks) {
  Excursion x;
  std::vector<Fixed8> pct;
  for (const Mark& mark : marks) {
    const Pnl pnl = position.at(mark.price);
    pct.push_back(*pnl.pct);
    x.best_pct = std::max(x.best_pct, *pnl.pct);
    x.worst_pct = std::min(x.worst_pct, *pnl.pct);
    x.best_dollars = std::max(x.best_dollars, *pnl.dollars);
    x.worst_dollars = std::min(x.worst_dollars, *pnl.dollars);
  }
  const auto [low, high] = std::minmax_element(
      marks.begin(), marks.end(),
      [](const Mark& a, const Mark& b) { return a.price < b.price; });
  x.mfe_price = (position.direction > 0 ? high : low)->price;
  x.mae_price = (position.direction > 0 ? low : high)->price;

  const auto earliest = [&](Fixed8 extreme) {
    std::optional<Microseconds> time;
    for (std::size_t i = 0; i < marks.size(); ++i)
      if (extreme != 0 && pct[i] == extreme)
        time = std::min(time.value_or(marks[i].time), marks[i].time);
    return time;
  };
  x.mfe_time = earliest(x.best_pct);
  x.mae_time = earliest(x.worst_pct);

  if (x.best_pct != 0) {
    const auto reached = std::find(pct.begin(), pct.end(), x.best_pct);
    x.mae_before_mfe_pct = 0;
    for (auto i = pct.begin(); i != reached; ++i)
      x.mae_before_mfe_pct = std::min(*x.mae_before_mfe_pct, *i);
  }
  if (x.worst_pct != 0) {
    const auto reached = std::find(pct.begin(), pct.end(), x.worst_pct);
    x.mfe_before_mae_pct = 0;
    for (auto i = pct.begin(); i != reached; ++i)
      x.mfe_before_mae_pct = std::max(*x.mfe_before_mae_pct, *i);
  }
  return x;
}

inline Position random_position(SeededRandom& random) {
  const auto cents = [&](std::int64_t last) {
    return random.between(1, last) * 1'000'000;
  };
  Position position;
  position.direction = random.one_in(2) ? 1 : -1;
  position.entry = random.one_in(5) ? -cents(1'000) : cents(100'000);
  position.quantity = random.between(1, 500) * kUnit;
  position.multiplier = random.one_in(2) ? 100_f8 : 1_f8;
  position.realized =
      random.one_in(3) ? random.between(-1'000, 1'000) * kUnit : 0;
  return position;
}

// Few different prices and times, in any order: equal extremes and late marks
// are frequent.
inline std::vector<Mark> random_marks(const Position& position,
                                      SeededRandom& random) {
  std::vector<Mark> marks;
  const auto count = random.between(1, 30);
  for (std::int64_t i = 0; i < count; ++i)
    marks.push_back({position.entry + random.between(-10, 10) * 7'500'000,
                     random.between(1, 40)});
  return marks;
}

}  // namespace position_telemetry
