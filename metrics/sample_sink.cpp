#include "metrics/sample_sink.hpp"

#include <cassert>

#include <fmt/format.h>

#include "djm/enum_names.hpp"

namespace djm {

namespace {

std::string escaped(std::string_view text, bool quotes) {
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    if (c == '\\') {
      result += "\\\\";
    } else if (c == '\n') {
      result += "\\n";
    } else if (c == '"' && quotes) {
      result += "\\\"";
    } else {
      result += c;
    }
  }
  return result;
}

} // namespace

std::string escape_label(std::string_view text) {
  return escaped(text, true);
}

std::string escape_help(std::string_view text) {
  return escaped(text, false);
}

std::string seconds_text(duration d) {
  constexpr std::uint64_t second = 1'000'000'000;
  const auto n = d.count();
  // The least number has no positive counterpart.
  const auto size = n < 0 ? ~static_cast<std::uint64_t>(n) + 1 : static_cast<std::uint64_t>(n);
  auto text = fmt::format("{}{}.{:09}", n < 0 ? "-" : "", size / second, size % second);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') {
    text.pop_back();
  }
  return text;
}

sample_sink::sample_sink(std::string_view node) : node_("djmNodeId=\"" + escape_label(node) + '"') {}

void sample_sink::begin(const metric_family& family) {
  family_ = &family;
  told_ = false;
}

void sample_sink::add(std::initializer_list<std::string_view> labels, std::uint64_t value) {
  sample({}, labels, fmt::format_int{value}.c_str());
}
void sample_sink::add(std::initializer_list<std::string_view> labels, std::int64_t value) {
  sample({}, labels, fmt::format_int{value}.c_str());
}
void sample_sink::add(std::initializer_list<std::string_view> labels, duration value) {
  sample({}, labels, seconds_text(value));
}
void sample_sink::add(std::initializer_list<std::string_view> labels, bool value) {
  sample({}, labels, value ? "1" : "0");
}

void sample_sink::head() {
  const auto& f = *family_;
  out_.append("# HELP ").append(f.name).append(1, ' ').append(escape_help(f.help)).append(1, '\n');
  out_.append("# TYPE ").append(f.name).append(1, ' ').append(enum_text(f.type)).append(1, '\n');
  told_ = true;
}

void sample_sink::add(std::initializer_list<std::string_view> labels, const duration_histogram& value) {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < duration_histogram::bounds.size(); ++i) {
    below += i < value.counts.size() ? value.counts[i] : 0;
    sample("_bucket", labels, fmt::format_int{below}.c_str(), seconds_text(duration_histogram::bounds[i]));
  }
  below += value.counts.empty() ? 0 : value.counts.back();
  sample("_bucket", labels, fmt::format_int{below}.c_str(), "+Inf");
  sample("_sum", labels, seconds_text(value.sum));
  sample("_count", labels, fmt::format_int{below}.c_str());
}

void sample_sink::sample(std::string_view suffix, std::initializer_list<std::string_view> labels,
                         std::string_view value, std::string_view range) {
  assert(family_ != nullptr && labels.size() == family_->labels.size());
  if (!told_) {
    head();
  }
  out_.append(family_->name).append(suffix).append(1, '{').append(node_);
  auto name = family_->labels.begin();
  for (const auto label : labels) {
    out_.append(1, ',').append(*name++).append("=\"").append(escape_label(label)).append(1, '"');
  }
  if (!range.empty()) {
    out_.append(",le=\"").append(range).append(1, '"');
  }
  out_.append("} ").append(value).append(1, '\n');
}

} // namespace djm
