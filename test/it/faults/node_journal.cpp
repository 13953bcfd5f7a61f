#include "node_journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "boot_time.hpp"

namespace djm::test {

namespace {

using kind = journal_line::kind;

constexpr std::array<const char*, 12> names{"hello",   "run",     "done",    "lease",  "calm",    "busy",
                                            "granted", "revoked", "started", "failed", "problem", "model"};

std::vector<work_item> read_items(std::istream& in) {
  std::vector<work_item> items;
  for (std::string word; in >> word;) {
    const auto colon = word.find(':');
    work_item x;
    x.id = item_id{word.substr(0, colon)};
    if (colon != std::string::npos) {
      x.token = std::stoll(word.substr(colon + 1));
    }
    items.push_back(std::move(x));
  }
  return items;
}

} // namespace

std::string to_text(const journal_line& line) {
  std::string out = std::to_string(line.us) + ' ' + names.at(static_cast<std::size_t>(line.what));
  switch (line.what) {
  case kind::run:
  case kind::started: out += ' ' + std::to_string(line.run) + ' ' + line.job; break;
  case kind::model:
  case kind::done: out += ' ' + std::to_string(line.run); break;
  case kind::lease: out += ' ' + std::to_string(line.until); break;
  case kind::calm: out += ' ' + std::to_string(line.count); break;
  case kind::granted:
  case kind::revoked:
  case kind::failed: out += ' ' + line.job; break;
  case kind::hello:
  case kind::busy:
  case kind::problem: break;
  }
  for (const auto& item : line.items) {
    out += ' ' + item.id + ':' + std::to_string(item.token);
  }
  if (!line.text.empty()) {
    out += ' ' + line.text;
  }
  for (auto& c : out) {
    c = c == '\n' ? ' ' : c;
  }
  return out + '\n';
}

journal_line parse_journal_line(const std::string& text) {
  std::istringstream in{text};
  journal_line x;
  std::string name, job;
  in >> x.us >> name;
  std::size_t n = 0;
  while (n < names.size() && names[n] != name) {
    ++n;
  }
  x.what = static_cast<kind>(n);
  bool whole = in && n < names.size();
  if (whole) {
    switch (x.what) {
    case kind::run:
    case kind::started:
      whole = static_cast<bool>(in >> x.run >> job);
      x.items = read_items(in);
      break;
    case kind::done: whole = static_cast<bool>(in >> x.run); break;
    case kind::model:
      whole = static_cast<bool>(in >> x.run);
      std::getline(in >> std::ws, x.text);
      break;
    case kind::lease: whole = static_cast<bool>(in >> x.until); break;
    case kind::calm: whole = static_cast<bool>(in >> x.count); break;
    case kind::granted:
    case kind::revoked:
      whole = static_cast<bool>(in >> job);
      x.items = read_items(in);
      break;
    case kind::failed:
      whole = static_cast<bool>(in >> job);
      std::getline(in >> std::ws, x.text);
      break;
    case kind::hello:
    case kind::problem: std::getline(in >> std::ws, x.text); break;
    case kind::busy: break;
    }
  }
  x.job = job_id{std::move(job)};
  if (!whole) {
    throw std::runtime_error("not a line of a node's journal: \"" + text + "\"");
  }
  return x;
}

journal_writer::journal_writer(const std::string& path)
  : fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
  if (fd_ < 0) {
    throw std::system_error(errno, std::generic_category(), path);
  }
}

journal_writer::~journal_writer() {
  ::close(fd_);
}

void journal_writer::write(journal_line line) {
  std::lock_guard<std::mutex> lock{guard_};
  line.us = boot_us();
  const auto text = to_text(line);
  if (::write(fd_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw std::system_error(errno, std::generic_category(), "journal");
  }
}

std::vector<journal_line> journal_reader::more() {
  std::vector<journal_line> found;
  std::ifstream in{path_};
  in.seekg(read_);
  std::string line;
  while (std::getline(in, line) && !in.eof()) {
    read_ += static_cast<std::streamoff>(line.size()) + 1;
    found.push_back(parse_journal_line(line));
  }
  return found;
}

} // namespace djm::test
