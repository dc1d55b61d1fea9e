// The terms of a position as its row states them, and what it is worth at a price.
#pragma once

#include "../core/excursion.hpp"
#include "row.hpp"

namespace position_telemetry {

struct Terms {
  int direction;
  Number entry;
  Number quantity;  // as held; its sign is in direction
  Number multiplier;
  Number realized;
};

// A measure is absent when an operand is null, NaN or zero where it must not be.
// overflow: a measure does not fit numeric(18,8).
struct Valuation {
  Pnl pnl;
  bool overflow;
};

Terms terms_of(const Row& row);
Valuation value_at(const Terms& terms, Fixed8 price);

// round(abs(entry - stop) * quantity * multiplier, 8)
std::optional<Fixed8> initial_risk(const Terms& terms, Fixed8 stop);

Excursion excursion_of(const Row& row);
// before: what the row holds; only what differs is written, and what is null.
void set_excursion(Row& row, const Excursion& before, const Excursion& now);

}  // namespace position_telemetry
