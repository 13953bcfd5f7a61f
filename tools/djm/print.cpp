#include "tools/djm/print.hpp"

#include <algorithm>
#include <ostream>

namespace djm::tool {

namespace {

constexpr std::size_t gap = 2;

std::string_view begin_of(tint t) {
  switch (t) {
  case tint::good: return "\x1b[32m";
  case tint::bad: return "\x1b[31m";
  case tint::doubtful: return "\x1b[33m";
  case tint::none: break;
  }
  return {};
}

/// Cells behind each other, cut where the terminal ends.
class line_writer {
public:
  explicit line_writer(context& io)
    : io_(io), columns_(io.terminal && io.columns > 0 ? io.columns : SIZE_MAX), coloured_(io.coloured()) {}

  void put(const cell& c, std::size_t width, bool last) {
    const auto used = width_of(c.text);
    parts_.push_back({c.text, c.colour});
    if (!last) {
      parts_.push_back({std::string((width > used ? width - used : 0) + gap, ' '), tint::none});
    }
  }
  void end() {
    std::size_t whole = 0;
    for (const auto& part : parts_) {
      whole += width_of(part.text);
    }
    auto left = whole > columns_ ? columns_ - 1 : whole;
    for (const auto& part : parts_) {
      write(part, left);
    }
    io_.out << (whole > columns_ ? "…\n" : "\n");
  }

private:
  void write(const cell& part, std::size_t& left) {
    const auto text = first_columns(part.text, left);
    left -= width_of(text);
    const auto begin = coloured_ && !text.empty() ? begin_of(part.colour) : std::string_view{};
    io_.out << begin << text << (begin.empty() ? "" : "\x1b[0m");
  }

  context& io_;
  std::size_t columns_;
  bool coloured_;
  std::vector<cell> parts_;
};

} // namespace

void text_table::write(context& io) const {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < header_.size(); ++c) {
    auto width = width_of(header_[c]);
    for (const auto& row : rows_) {
      width = std::max(width, width_of(row[c].text));
    }
    widths.push_back(width);
  }
  const auto put = [&](const auto& cells) {
    line_writer line{io};
    for (std::size_t c = 0; c < cells.size(); ++c) {
      line.put(cells[c], widths[c], c + 1 == cells.size());
    }
    line.end();
  };
  std::vector<cell> header{header_.begin(), header_.end()};
  put(header);
  for (const auto& row : rows_) {
    put(row);
  }
}

void print_facts(context& io, const std::vector<std::pair<std::string, cell>>& facts) {
  std::size_t width = 0;
  for (const auto& [name, value] : facts) {
    width = std::max(width, width_of(name));
  }
  for (const auto& [name, value] : facts) {
    line_writer line{io};
    line.put(name, width, false);
    line.put(value, 0, true);
    line.end();
  }
}

} // namespace djm::tool
