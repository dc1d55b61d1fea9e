// The BEFORE ROW trigger: folds marks into a position's extremes.
//
// It has no side effects, because a BEFORE INSERT also fires for rows that ON
// CONFLICT never inserts: what must be logged or archived is left to the AFTER
// triggers. Its portable twin is track_mark() in src/sql/20_triggers.portable.sql.
#include <cstring>

#include "../core/occ_symbol.hpp"
#include "position.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pt_track_mark);
}

namespace position_telemetry {
namespace {

// A column is an input when a change of it can change the telemetry.
constexpr Column kInputs[] = {
    kLastMarkPrice, kCurrentPrice, kLastMarkTime, kQuantity,
    kEntryPrice,    kSide,         kMultiplier,   kInstrumentType,
    kOptionSymbol,  kStopLoss,     kStatus,       kRealizedPnl};

// The database is the authority on these: what an UPDATE says of them comes out
// of a writer's stale memory and is put back.
constexpr Column kAuthority[] = {
    kBestPct,         kWorstPct,        kBestDollars,  kWorstDollars,
    kMfePrice,        kMaePrice,        kMfeTime,      kMaeTime,
    kMaeBeforeMfePct, kMfeBeforeMaePct, kInitialStop,  kInitialRisk,
    kRejectedMarks,   kLastRejectedPrice};

constexpr int kAgreeingMarks = 3;

// Our own functions say so, for the length of one statement, when they must be
// believed; see set_intent() in the SQL modules.
bool intends(const char* purpose) {
  const char* intent =
      GetConfigOption("position_telemetry.intent", true, false);
  return intent != nullptr && std::strcmp(intent, purpose) == 0;
}

// Anybody can say so; extremes are corrected by the owner of the table only.
bool is_correction_by_owner(Relation relation) {
  return intends("correction") &&
         is_owner(RelationGetRelid(relation), GetUserId());
}

bool fits(Fixed8 value, Fixed8 limit) {
  return value < limit && value > -limit;
}

bool excursion_fits(const Pnl& pnl, const MarkSettings& s) {
  return (!pnl.pct || fits(*pnl.pct, s.pct_limit)) &&
         (!pnl.dollars || fits(*pnl.dollars, s.dollars_limit));
}

// As the columns of the extremes keep it.
Pnl stored(const Pnl& pnl, const MarkSettings& s) {
  Pnl result = pnl;
  if (pnl.pct) result.pct = rounded_to(*pnl.pct, s.pct_scale);
  if (pnl.dollars) result.dollars = rounded_to(*pnl.dollars, s.dollars_scale);
  return result;
}

void set_current_pnl(Row& row, const Pnl& pnl, const MarkSettings& s) {
  if (pnl.dollars && fits(*pnl.dollars, s.current_dollars_limit))
    set_fixed8(row, kPnlDollars, pnl.dollars);
  if (pnl.pct && fits(*pnl.pct, s.current_pct_limit))
    set_fixed8(row, kPnlPct, pnl.pct);
}

// ---------------------------------------------------------------- the mark

// What a statement offers as a mark, and the column it came in.
struct Offer {
  Column column;
  Number number;

  bool given() const { return number.kind != Number::Kind::kNull; }
};

Offer offer_in(const Row& row, Column column) {
  return {column, rounded(number_of(row, column))};
}

bool changed_price(const Row& old_row, const Row& row, Column column) {
  if (same_in(old_row, row, column)) return false;
  return !equal(rounded(number_of(old_row, column)),
                rounded(number_of(row, column)));
}

// The same price at another time is a mark as well: it may have come earlier.
bool marked_again(const Row& old_row, const Row& row) {
  return !is_null(row, kLastMarkTime) && !same_in(old_row, row, kLastMarkTime);
}

Offer offered_by_update(const Row& old_row, const Row& row) {
  if (changed_price(old_row, row, kLastMarkPrice)) {
    const Offer offer = offer_in(row, kLastMarkPrice);
    if (offer.given()) return offer;
  }
  if (changed_price(old_row, row, kCurrentPrice))
    return offer_in(row, kCurrentPrice);
  if (marked_again(old_row, row)) return offer_in(row, kLastMarkPrice);
  return {kLastMarkPrice, kNoNumber};
}

Offer offered_by_insert(const Row& row) {
  const Offer offer = offer_in(row, kLastMarkPrice);
  return offer.given() ? offer : offer_in(row, kCurrentPrice);
}

// A mark can be folded when it is finite and everything it leads to fits.
std::optional<Pnl> usable(const Offer& offer, const Terms& terms,
                          const MarkSettings& s) {
  if (offer.number.kind != Number::Kind::kExact ||
      !fits(offer.number.value, s.price_limit))
    return std::nullopt;
  const Valuation v = value_at(terms, offer.number.value);
  if (v.overflow || !excursion_fits(v.pnl, s)) return std::nullopt;
  return v.pnl;
}

void report_bad_mark(const Offer& offer, const Row& row) {
  const char* price = DatumGetCString(
      DirectFunctionCall1(numeric_out, operand(offer.number)));
  ereport(ERROR,
          (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
           errmsg("%s %s of position " INT64_FORMAT " is no usable mark",
                  offer.column == kLastMarkPrice ? "last_mark_price"
                                                 : "current_price",
                  price, integer_or_zero(row, kId)),
           errhint("A mark is a finite number whose profit and loss fits "
                   "numeric(18,8). Correct the value, or attach with "
                   "on_bad_mark = ignore to have such marks skipped.")));
}

void count_rejected(Row& row, const Number& price) {
  set_integer(row, kRejectedMarks, integer_or_zero(row, kRejectedMarks) + 1);
  if (row.table->columns[kLastRejectedPrice].type == NUMERICOID)
    set_datum(row, kLastRejectedPrice, operand(price));
}

// ------------------------------------------------------------------ update

struct Update {
  Row old_row;
  Row row;  // what will be stored
  const MarkSettings* settings;
  Excursion excursion;
  Terms terms;
};

void put_back(Update& u, Column column) {
  set_as_in(u.row, column, u.old_row);
}

void reject(Update& u, const Offer& offer) {
  put_back(u, kLastMarkPrice);
  put_back(u, kLastMarkTime);
  count_rejected(u.row, offer.number);
}

// What was too large to be a mark is not the last one either.
std::optional<Fixed8> last_price(const Row& row) {
  for (const Column c : {kLastMarkPrice, kCurrentPrice}) {
    const auto price = fixed8_of(row, c);
    if (price && fits(*price, kLimit)) return price;
  }
  return std::nullopt;
}

// How many marks in a row the guard has held back that agree, this one included.
int64 agreeing_marks(const Update& u, Fixed8 price) {
  const int64 held = integer_or_zero(u.old_row, kHeldMarks);
  const auto previous = fixed8_of(u.old_row, kLastRejectedPrice);
  const bool agrees =
      held > 0 && previous &&
      !moved_further_than(u.settings->max_move_pct, *previous, price);
  return agrees ? held + 1 : 1;
}

bool held_back(Update& u, Fixed8 price) {
  if (!u.settings->has_max_move) return false;
  const auto last = last_price(u.old_row);
  const bool far =
      last && moved_further_than(u.settings->max_move_pct, *last, price);
  const bool certain = is_closed(u.row) || intends("fill");
  const int64 held = far && !certain ? agreeing_marks(u, price) : 0;
  const bool hold = held > 0 && held < kAgreeingMarks;
  set_integer(u.row, kHeldMarks, hold ? held : 0);
  return hold;
}

bool is_late(const Update& u, TimestampTz time) {
  const auto last = time_of(u.old_row, kLastMarkTime);
  return last && time < *last;
}

TimestampTz time_of_mark(const Update& u) {
  const auto stated = time_of(u.row, kLastMarkTime);
  if (stated && !same_in(u.old_row, u.row, kLastMarkTime)) return *stated;
  return GetCurrentTimestamp();
}

void fold_mark(Update& u, const Offer& offer, const Pnl& pnl) {
  const Mark mark{offer.number.value, time_of_mark(u)};
  fold(u.excursion, u.terms.direction, mark, stored(pnl, *u.settings));
  // The mark of the closing statement is the last one, whatever its clock says.
  if (is_late(u, mark.time) && !is_closed(u.row)) {
    put_back(u, kLastMarkPrice);
    put_back(u, kLastMarkTime);
    return;
  }
  set_fixed8(u.row, kLastMarkPrice, mark.price);
  set_time(u.row, kLastMarkTime, mark.time);
  set_current_pnl(u.row, pnl, *u.settings);
}

// The clock of the last mark never runs backwards.
void keep_clock(Update& u) {
  const auto stated = time_of(u.row, kLastMarkTime);
  if (stated && is_late(u, *stated)) put_back(u, kLastMarkTime);
}

void take_mark(Update& u) {
  const Offer offer = offered_by_update(u.old_row, u.row);
  if (!offer.given()) return keep_clock(u);
  const auto pnl = usable(offer, u.terms, *u.settings);
  if (pnl && !held_back(u, offer.number.value))
    fold_mark(u, offer, *pnl);
  else if (!pnl && u.settings->error_on_bad_mark)
    report_bad_mark(offer, u.row);
  else
    reject(u, offer);
}

// A fill changes the quantity and must not move extremes; anything else that
// changes what a price is worth is a correction.
bool is_correction(const Update& u, const Terms& before) {
  if (before.direction != u.terms.direction) return true;
  for (const Column c : {kEntryPrice, kMultiplier, kInstrumentType,
                         kOptionSymbol})
    if (!same_in(u.old_row, u.row, c))
      return same_in(u.old_row, u.row, kQuantity);
  return false;
}

PnlAtExtremes values_at_extremes(const Excursion& x, const Terms& terms,
                                 const MarkSettings& s, bool* overflow) {
  PnlAtExtremes result{};
  if (!x.mfe_price || !x.mae_price) return result;
  const Valuation best = value_at(terms, *x.mfe_price);
  const Valuation worst = value_at(terms, *x.mae_price);
  *overflow |= best.overflow || worst.overflow;
  return {stored(best.pnl, s), stored(worst.pnl, s)};
}

void revalue_last_mark(Update& u) {
  const auto last = last_price(u.old_row);
  if (!last) return;
  const Valuation now = value_at(u.terms, *last);
  if (!now.overflow) set_current_pnl(u.row, now.pnl, *u.settings);
}

bool nothing_realized(const Terms& terms) {
  return terms.realized.kind == Number::Kind::kExact &&
         terms.realized.value == 0;
}

// What was too large before the correction cannot have given an extreme.
PnlAtExtremes comparable(PnlAtExtremes is, const PnlAtExtremes& was) {
  is.at_mfe.dollars = is.at_mae.dollars = std::nullopt;
  if (!was.at_mfe.pct) is.at_mfe.pct = std::nullopt;
  if (!was.at_mae.pct) is.at_mae.pct = std::nullopt;
  return is;
}

void rebase_after_correction(Update& u) {
  Terms before = terms_of(u.old_row);
  if (!is_correction(u, before)) return;
  if (before.direction != u.terms.direction) {
    mirror(u.excursion, nothing_realized(before));
    before.direction = u.terms.direction;
  }
  Excursion corrected = u.excursion;
  bool was_overflow = false;
  bool overflow = false;
  const PnlAtExtremes was =
      values_at_extremes(corrected, before, *u.settings, &was_overflow);
  PnlAtExtremes is =
      values_at_extremes(corrected, u.terms, *u.settings, &overflow);
  if (overflow || !excursion_fits(is.at_mfe, *u.settings) ||
      !excursion_fits(is.at_mae, *u.settings))
    return;
  if (was_overflow) is = comparable(is, was);
  rebase(corrected, was, is, time_of(u.old_row, kLastMarkTime));
  u.excursion = corrected;
  revalue_last_mark(u);
}

void freeze_initial_risk(Row& row, const Terms& terms) {
  if (!is_null(row, kInitialStop)) return;
  const auto stop = fixed8_of(row, kStopLoss);
  if (!stop || !fits(*stop, kLimit)) return;
  const auto risk = initial_risk(terms, *stop);
  if (!risk) return;
  set_fixed8(row, kInitialStop, stop);
  set_fixed8(row, kInitialRisk, risk);
}

template <int N>
bool same_in_all(const Row& old_row, const Row& row, const Column (&columns)[N]) {
  for (const Column c : columns)
    if (!same_in(old_row, row, c)) return false;
  return true;
}

void apply_update(Update& u) {
  if (is_closed(u.old_row) && is_closed(u.row)) return;
  u.terms = terms_of(u.row);
  const Excursion before = excursion_of(u.old_row);
  u.excursion = before;
  rebase_after_correction(u);
  take_mark(u);
  set_excursion(u.row, before, u.excursion);
  freeze_initial_risk(u.row, u.terms);
  // Null: never seen by a trigger; -1: there before attach().
  if (is_null(u.row, kHeldMarks) || integer_or_zero(u.row, kHeldMarks) < 0)
    set_integer(u.row, kHeldMarks, 0);
}

HeapTuple on_update(const TriggerData* trigger) {
  const AttachedTable* table = attached_table(trigger->tg_relation);
  const Row old_row = open_row(table, trigger->tg_trigslot);
  const Row sent = open_row(table, trigger->tg_newslot);
  const bool authority_kept = same_in_all(old_row, sent, kAuthority);
  if ((authority_kept && same_in_all(old_row, sent, kInputs)) ||
      is_correction_by_owner(trigger->tg_relation))
    return trigger->tg_newtuple;
  Update u{old_row, working_copy(table, trigger->tg_newslot),
           mark_settings(trigger->tg_relation, trigger->tg_trigger), {}, {}};
  if (!authority_kept)
    for (const Column c : kAuthority) put_back(u, c);
  apply_update(u);
  return written_tuple(u.row, trigger->tg_newtuple);
}

// ------------------------------------------------------------------ insert

void fill_from_occ_symbol(Row& row) {
  const bool complete = !is_null(row, kTicker) &&
                        !is_null(row, kInstrumentType) &&
                        !is_null(row, kStrikePrice) &&
                        !is_null(row, kExpirationDate);
  if (complete || is_null(row, kOptionSymbol)) return;
  const auto symbol = parse_occ_symbol(text_of(row, kOptionSymbol));
  if (!symbol) return;
  if (is_null(row, kTicker)) set_from_text(row, kTicker, symbol->root);
  if (is_null(row, kInstrumentType))
    set_from_text(row, kInstrumentType, symbol->is_call ? "CALL" : "PUT");
  if (is_null(row, kStrikePrice))
    set_from_text(row, kStrikePrice,
                  psprintf(INT64_FORMAT ".%03d",
                           symbol->strike_thousandths / 1000,
                           static_cast<int>(symbol->strike_thousandths % 1000)));
  if (is_null(row, kExpirationDate))
    set_from_text(row, kExpirationDate,
                  psprintf("%04d-%02d-%02d", symbol->year, symbol->month,
                           symbol->day));
}

// A row our triggers have seen before carries held_marks: it comes out of a
// dump, and is taken as it is.
bool is_restored(const Row& row) { return !is_null(row, kHeldMarks); }

// False when the mark it comes with is no usable one.
bool take_first_mark(Row& row, const Terms& terms, Excursion& x,
                     const MarkSettings& s) {
  const Offer offer = offered_by_insert(row);
  if (!offer.given()) return true;
  const auto pnl = usable(offer, terms, s);
  if (!pnl && s.error_on_bad_mark) report_bad_mark(offer, row);
  if (!pnl) {
    set_null(row, kLastMarkPrice);
    count_rejected(row, offer.number);
    return false;
  }
  const Mark mark{offer.number.value,
                  time_of(row, kLastMarkTime).value_or(GetCurrentTimestamp())};
  fold(x, terms.direction, mark, stored(*pnl, s));
  set_time(row, kLastMarkTime, mark.time);
  set_current_pnl(row, *pnl, s);
  return true;
}

HeapTuple on_insert(const TriggerData* trigger) {
  const AttachedTable* table = attached_table(trigger->tg_relation);
  Row row = working_copy(table, trigger->tg_trigslot);
  if (is_restored(row)) return trigger->tg_trigtuple;
  fill_from_occ_symbol(row);
  const Terms terms = terms_of(row);
  const Excursion given = excursion_of(row);
  Excursion excursion = given;
  floor_at_entry(excursion);
  const bool usable_mark =
      take_first_mark(row, terms, excursion,
                      *mark_settings(trigger->tg_relation, trigger->tg_trigger));
  set_excursion(row, given, excursion);
  freeze_initial_risk(row, terms);
  if (is_null(row, kRejectedMarks)) set_integer(row, kRejectedMarks, 0);
  // Left null, it tells the AFTER trigger that something is to be written.
  if (usable_mark && !is_closed(row)) set_integer(row, kHeldMarks, 0);
  return written_tuple(row, trigger->tg_trigtuple);
}

}  // namespace
}  // namespace position_telemetry

extern "C" Datum pt_track_mark(PG_FUNCTION_ARGS) {
  using namespace position_telemetry;
  if (!CALLED_AS_TRIGGER(fcinfo))
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("track_mark() must be called as a trigger")));
  const auto* trigger = reinterpret_cast<TriggerData*>(fcinfo->context);
  const TriggerEvent event = trigger->tg_event;
  if (!TRIGGER_FIRED_BEFORE(event) || !TRIGGER_FIRED_FOR_ROW(event) ||
      !(TRIGGER_FIRED_BY_INSERT(event) || TRIGGER_FIRED_BY_UPDATE(event)))
    ereport(ERROR,
            (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
             errmsg("track_mark() must be a BEFORE INSERT OR UPDATE trigger "
                    "for each row"),
             errhint("attach() creates it.")));
  return PointerGetDatum(TRIGGER_FIRED_BY_UPDATE(event) ? on_update(trigger)
                                                        : on_insert(trigger));
}
