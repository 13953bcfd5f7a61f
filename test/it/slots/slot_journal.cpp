#include "slot_journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace djm::test {

namespace {

constexpr std::array<const char*, 6> names{"start", "end", "dropped", "skipped", "interrupted", "parked"};

} // namespace

std::string to_text(const slot_line& line) {
  std::ostringstream out;
  out << line.at_ms << ' ' << names.at(static_cast<std::size_t>(line.what)) << ' ' << line.job << ' ' << line.item
      << ' ' << line.slot << ' ' << line.attempt << ' ' << line.token << ' ' << line.count << ' ' << line.first << ' '
      << line.last << ' ' << (line.text.empty() ? "-" : line.text) << '\n';
  return out.str();
}

slot_line parse_slot_line(const std::string& text) {
  std::istringstream in{text};
  slot_line x;
  std::string what;
  std::string job;
  std::string item;
  in >> x.at_ms >> what >> job >> item >> x.slot >> x.attempt >> x.token >> x.count >> x.first >> x.last >> x.text;
  std::size_t n = 0;
  while (n < names.size() && what != names.at(n)) {
    ++n;
  }
  if (!in || n == names.size()) {
    throw std::runtime_error("not a line of a journal of slots: \"" + text + "\"");
  }
  x.what = static_cast<slot_line::kind>(n);
  x.job = job_id{std::move(job)};
  x.item = item_id{std::move(item)};
  return x;
}

std::int64_t wall_ms_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::floor<std::chrono::milliseconds>(now).count();
}

slot_journal_writer::slot_journal_writer(const std::string& path)
  : fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
  if (fd_ < 0) {
    throw std::system_error(errno, std::generic_category(), path);
  }
}

slot_journal_writer::~slot_journal_writer() {
  ::close(fd_);
}

void slot_journal_writer::write(slot_line line) {
  std::lock_guard<std::mutex> lock{guard_};
  line.at_ms = wall_ms_now();
  const auto text = to_text(line);
  if (::write(fd_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw std::system_error(errno, std::generic_category(), "journal of slots");
  }
}

std::vector<slot_line> slot_journal_reader::more() {
  std::vector<slot_line> found;
  std::ifstream in{path_};
  in.seekg(read_);
  std::string line;
  while (std::getline(in, line) && !in.eof()) {
    read_ += static_cast<std::streamoff>(line.size()) + 1;
    found.push_back(parse_slot_line(line));
  }
  return found;
}

} // namespace djm::test
