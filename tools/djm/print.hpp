#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "djm/json.hpp"
#include "tools/djm/invocation.hpp"
#include "tools/djm/texts.hpp"

namespace djm::tool {

/// Words that stand for a state, which are coloured on a terminal; the word says the same.
enum class tint { none, good, bad, doubtful };

/// A cell of a table.
struct cell {
  cell(std::string t, tint c = tint::none) : text(std::move(t)), colour(c) {}
  cell(const char* t) : text(t) {}
  std::string text;
  tint colour = tint::none;
};

/// A table without borders: columns as wide as what is in them, cut to the width of a terminal, whole when it is piped.
class text_table {
public:
  explicit text_table(std::vector<std::string> header) : header_(std::move(header)) {}

  void add(std::vector<cell> row) { rows_.push_back(std::move(row)); }
  std::size_t size() const { return rows_.size(); }
  void write(context& io) const;

private:
  std::vector<std::string> header_;
  std::vector<std::vector<cell>> rows_;
};

/// A column of a table of `Row`s.
template <class Row>
struct column {
  std::string name;
  std::function<cell(const Row&)> value;
  /// Only with `-o wide`.
  bool wide = false;
};

/// Writes rows as the command line says.
template <class Row>
void print_rows(invocation& x, const std::vector<Row>& rows, const std::vector<column<Row>>& columns) {
  auto& io = x.io();
  const auto format = x.format();
  if (format == output_format::json) {
    io.out << to_json_text(rows, 2) << '\n';
    return;
  }
  if (format == output_format::jsonl) {
    for (const auto& row : rows) {
      io.out << to_json_text(row) << '\n';
    }
    return;
  }
  std::vector<std::string> header;
  for (const auto& c : columns) {
    if (!c.wide || format == output_format::wide) {
      header.push_back(c.name);
    }
  }
  text_table table{header};
  for (const auto& row : rows) {
    std::vector<cell> cells;
    for (const auto& c : columns) {
      if (!c.wide || format == output_format::wide) {
        cells.push_back(c.value(row));
      }
    }
    table.add(std::move(cells));
  }
  table.write(io);
}

/// One thing, as lines of names and values. True: it was written as JSON, and there is nothing more to do.
template <class T>
bool print_json(invocation& x, const T& value) {
  const auto format = x.format();
  if (format != output_format::json && format != output_format::jsonl) {
    return false;
  }
  x.io().out << to_json_text(value, format == output_format::json ? 2 : -1) << '\n';
  return true;
}

/// Names on the left, values on the right.
void print_facts(context& io, const std::vector<std::pair<std::string, cell>>& facts);

} // namespace djm::tool
