// One row version in a trigger, its columns read and written by meaning.
// Plain data; memory belongs to the current context.
#pragma once

#include <optional>

#include "attached_table.hpp"

namespace position_telemetry {

struct Row {
  const AttachedTable* table;
  TupleDesc shape;
  Datum* values;
  bool* nulls;
  bool changed;
};

// The row in the slot, to be read only.
Row open_row(const AttachedTable* table, TupleTableSlot* slot);
// A copy of it that may be written to.
Row working_copy(const AttachedTable* table, TupleTableSlot* slot);
// The tuple with what was written to its working copy.
HeapTuple written_tuple(const Row& row, HeapTuple tuple);

bool is_null(const Row& row, Column column);
Number number_of(const Row& row, Column column);
std::optional<Fixed8> fixed8_of(const Row& row, Column column);
Fixed8 fixed8_or_zero(const Row& row, Column column);
int64 integer_or_zero(const Row& row, Column column);
std::optional<TimestampTz> time_of(const Row& row, Column column);

// Letter case does not count. A null equals nothing.
bool text_is(const Row& row, Column column, const char* word);
bool is_closed(const Row& row);
// The text as a C string; null for a null.
char* text_of(const Row& row, Column column);

// Whether the column holds the same in both rows: IS NOT DISTINCT FROM.
bool same_in(const Row& a, const Row& b, Column column);

// Writing: a column that is not there is passed over.
void set_datum(Row& row, Column column, Datum value);
void set_null(Row& row, Column column);
void set_fixed8(Row& row, Column column, std::optional<Fixed8> value);
void set_integer(Row& row, Column column, int64 value);
void set_time(Row& row, Column column, std::optional<TimestampTz> value);
// Through the column's input function: for types a team has chosen itself.
void set_from_text(Row& row, Column column, const char* text);
void set_as_in(Row& row, Column column, const Row& source);

}  // namespace position_telemetry
