#include "djm/log.hpp"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <string_view>
#include <unistd.h>

namespace djm {

namespace {

// A record stays one line whatever user code put into it.
void append_line_safe(std::string& out, std::string_view text) {
  for (char c : text) {
    if (c == '\n')
      out += "\\n";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      out += '?';
    else
      out += c;
  }
}

void append_time(std::string& out) {
  using namespace std::chrono;
  const auto now = system_clock::now();
  const auto seconds = system_clock::to_time_t(now);
  const auto ms = duration_cast<milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[40];
  const auto n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text + n, sizeof text - n, ".%03dZ", static_cast<int>(ms));
  out += text;
}

} // namespace

std::string to_string(log_level level) {
  return enum_text(level);
}

log_sink stderr_log(log_level least) {
  return [least](const log_record& record) {
    if (record.level < least)
      return;
    std::string line;
    line.reserve(128 + record.text.size());
    append_time(line);
    line += ' ';
    line += to_string(record.level);
    line += ' ';
    append_line_safe(line, record.node);
    line += '/';
    append_line_safe(line, record.component);
    line += ": ";
    append_line_safe(line, record.text);
    for (const auto& [name, value] : record.fields) {
      line += ' ';
      append_line_safe(line, name);
      line += '=';
      append_line_safe(line, value);
    }
    line += '\n';
    // One write per line keeps lines of several threads and processes apart; there is nobody to tell when it fails.
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
  };
}

} // namespace djm
