#include "djm/log.hpp"

#include <chrono>
#include <string_view>
#include <unistd.h>

#include "djm/time.hpp"

namespace djm {

namespace {

// A record stays one line whatever user code put into it.
void append_line_safe(std::string& out, std::string_view text) {
  for (char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += '?';
    } else {
      out += c;
    }
  }
}

} // namespace

std::string to_string(log_level level) {
  return enum_text(level);
}

log_sink stderr_log(log_level least) {
  return [least](const log_record& record) {
    if (record.level < least) {
      return;
    }
    std::string line;
    line.reserve(128 + record.text.size());
    const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    line += format_time(record.at == wall_time{} ? now : record.at);
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
