#include "row.hpp"

#include <cstring>

namespace position_telemetry {
namespace {

const ColumnInfo& info(const Row& row, Column column) {
  return row.table->columns[column];
}

int index_of(const Row& row, Column column) {
  return info(row, column).number - 1;
}

struct Text {
  const char* data;
  int length;
};

Text view_text(const Row& row, Column column) {
  const Datum datum = row.values[index_of(row, column)];
  const Oid type = info(row, column).type;
  if (type != TEXTOID && type != VARCHAROID && type != BPCHAROID) {
    Oid output;
    bool varlena;
    getTypeOutputInfo(type, &output, &varlena);
    const char* label = OidOutputFunctionCall(output, datum);
    return {label, static_cast<int>(std::strlen(label))};
  }
  const text* packed = DatumGetTextPP(datum);
  Text result{VARDATA_ANY(packed), static_cast<int>(VARSIZE_ANY_EXHDR(packed))};
  if (type == BPCHAROID) {
    while (result.length > 0 && result.data[result.length - 1] == ' ')
      --result.length;
  }
  return result;
}

// Byte for byte.
bool identical_in(const Row& a, const Row& b, int i) {
  if (a.nulls[i] || b.nulls[i]) return a.nulls[i] == b.nulls[i];
  if (a.values[i] == b.values[i]) return true;
  const Form_pg_attribute attribute = TupleDescAttr(a.shape, i);
  if (attribute->attbyval) return false;
  return datum_image_eq(a.values[i], b.values[i], false, attribute->attlen);
}

// 7 and 7.00 are one number in two spellings, as are 0 and -0.
bool same_number(Datum a, Datum b, Oid type) {
  switch (type) {
    case NUMERICOID:
      return DatumGetBool(DirectFunctionCall2(numeric_eq, a, b));
    case FLOAT8OID:
      return DatumGetBool(DirectFunctionCall2(float8eq, a, b));
    case FLOAT4OID:
      return DatumGetBool(DirectFunctionCall2(float4eq, a, b));
    default:
      return false;
  }
}

}  // namespace

Row open_row(const AttachedTable* table, TupleTableSlot* slot) {
  slot_getallattrs(slot);
  return {table, slot->tts_tupleDescriptor, slot->tts_values, slot->tts_isnull,
          false};
}

Row working_copy(const AttachedTable* table, TupleTableSlot* slot) {
  Row row = open_row(table, slot);
  const size_t columns = static_cast<size_t>(row.shape->natts);
  auto* values = static_cast<Datum*>(palloc(columns * sizeof(Datum)));
  auto* nulls = static_cast<bool*>(palloc(columns * sizeof(bool)));
  std::memcpy(values, row.values, columns * sizeof(Datum));
  std::memcpy(nulls, row.nulls, columns * sizeof(bool));
  row.values = values;
  row.nulls = nulls;
  return row;
}

HeapTuple written_tuple(const Row& row, HeapTuple tuple) {
  if (!row.changed) return tuple;
  HeapTuple written = heap_form_tuple(row.shape, row.values, row.nulls);
  written->t_data->t_ctid = tuple->t_data->t_ctid;
  written->t_self = tuple->t_self;
  written->t_tableOid = tuple->t_tableOid;
  return written;
}

bool is_null(const Row& row, Column column) {
  return !row.table->has(column) || row.nulls[index_of(row, column)];
}

Number number_of(const Row& row, Column column) {
  if (is_null(row, column)) return kNoNumber;
  return read_number(row.values[index_of(row, column)],
                     info(row, column).type);
}

std::optional<Fixed8> fixed8_of(const Row& row, Column column) {
  const Number number = rounded(number_of(row, column));
  if (number.kind != Number::Kind::kExact) return std::nullopt;
  return number.value;
}

Fixed8 fixed8_or_zero(const Row& row, Column column) {
  return fixed8_of(row, column).value_or(0);
}

int64 integer_or_zero(const Row& row, Column column) {
  return fixed8_or_zero(row, column) / kUnit;
}

std::optional<TimestampTz> time_of(const Row& row, Column column) {
  if (is_null(row, column)) return std::nullopt;
  return DatumGetTimestampTz(row.values[index_of(row, column)]);
}

bool text_is(const Row& row, Column column, const char* word) {
  if (is_null(row, column)) return false;
  const Text text = view_text(row, column);
  return static_cast<size_t>(text.length) == std::strlen(word) &&
         pg_strncasecmp(text.data, word, text.length) == 0;
}

bool is_closed(const Row& row) { return text_is(row, kStatus, "closed"); }

char* text_of(const Row& row, Column column) {
  if (is_null(row, column)) return nullptr;
  const Text text = view_text(row, column);
  return pnstrdup(text.data, text.length);
}

bool same_in(const Row& a, const Row& b, Column column) {
  if (!a.table->has(column)) return true;
  const int i = index_of(a, column);
  if (identical_in(a, b, i)) return true;
  return !a.nulls[i] && !b.nulls[i] &&
         same_number(a.values[i], b.values[i], info(a, column).type);
}

void set_datum(Row& row, Column column, Datum value) {
  if (!row.table->has(column)) return;
  row.values[index_of(row, column)] = value;
  row.nulls[index_of(row, column)] = false;
  row.changed = true;
}

void set_null(Row& row, Column column) {
  if (is_null(row, column)) return;
  row.values[index_of(row, column)] = Datum{0};
  row.nulls[index_of(row, column)] = true;
  row.changed = true;
}

void set_fixed8(Row& row, Column column, std::optional<Fixed8> value) {
  if (!row.table->has(column)) return;
  if (!value) return set_null(row, column);
  const Number now = number_of(row, column);
  if (now.kind == Number::Kind::kExact && now.value == *value) return;
  const ColumnInfo& c = info(row, column);
  set_datum(row, column, column_datum(*value, c.type, c.typmod));
}

void set_integer(Row& row, Column column, int64 value) {
  set_fixed8(row, column, value * kUnit);
}

void set_time(Row& row, Column column, std::optional<TimestampTz> value) {
  if (!value) return set_null(row, column);
  if (time_of(row, column) != value)
    set_datum(row, column, TimestampTzGetDatum(*value));
}

void set_from_text(Row& row, Column column, const char* text) {
  if (!row.table->has(column)) return;
  const ColumnInfo& c = info(row, column);
  Oid input;
  Oid parameter;
  getTypeInputInfo(c.type, &input, &parameter);
  set_datum(row, column,
            OidInputFunctionCall(input, const_cast<char*>(text), parameter,
                                 c.typmod));
}

void set_as_in(Row& row, Column column, const Row& source) {
  if (!row.table->has(column) ||
      identical_in(row, source, index_of(row, column)))
    return;
  if (is_null(source, column)) return set_null(row, column);
  set_datum(row, column, source.values[index_of(source, column)]);
}

}  // namespace position_telemetry
