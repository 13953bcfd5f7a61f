#include "journal.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace wordcount {

namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// A file descriptor with an exclusive lock; both go with it.
class locked_file {
public:
  explicit locked_file(const std::string& path) : fd_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (fd_ < 0) {
      fail(path);
    }
    while (flock(fd_, LOCK_EX) != 0) {
      if (errno != EINTR) {
        close(fd_);
        fail(path);
      }
    }
  }
  locked_file(const locked_file&) = delete;
  locked_file& operator=(const locked_file&) = delete;
  ~locked_file() { close(fd_); }

  int fd() const { return fd_; }

private:
  int fd_;
};

void write_all(int fd, const std::string& text, const std::string& path) {
  std::size_t done = 0;
  while (done < text.size()) {
    auto n = write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {
      fail(path);
    }
    done += static_cast<std::size_t>(n);
  }
}

/// The token file is a table of fixed-width lines in which an item sits at its hash or behind it, so that finding one
/// costs a read or two whatever the number of items.
constexpr std::size_t record_size = 256; // never across two pages, of which a full disk may take only one
constexpr std::size_t slots = 16384;

std::string record(const std::string& item, std::int64_t token) {
  auto text = fmt::format("{} {}", token, item);
  text.resize(record_size - 1, ' ');
  return text + '\n';
}

std::size_t hash(const std::string& item) {
  std::uint64_t h = 14695981039346656037u; // FNV-1a: the same in every process
  for (unsigned char c : item) {
    h = (h ^ c) * 1099511628211u;
  }
  return h % slots;
}

/// The highest token of `item` (0 for none yet) and where its record belongs.
std::pair<std::int64_t, off_t> find(int fd, const std::string& item) {
  char line[record_size];
  for (std::size_t i = 0; i < slots; ++i) {
    const auto at = static_cast<off_t>(((hash(item) + i) % slots) * record_size);
    if (pread(fd, line, record_size, at) != static_cast<ssize_t>(record_size) || line[0] == '\0') {
      return {0, at};
    }
    std::string text{line, record_size};
    auto space = text.find(' ');
    auto end = text.find_last_not_of(" \n");
    if (space != std::string::npos && end > space && text.compare(space + 1, end - space, item) == 0) {
      return {std::stoll(text.substr(0, space)), at};
    }
  }
  throw std::runtime_error("the token file is full");
}

} // namespace

journal::journal(std::string path) : path_(std::move(path)) {}

bool journal::append(const std::string& node, const std::string& incarnation, const char* what, const std::string& item,
                     std::int64_t token, std::uint64_t words) {
  locked_file tokens{path_ + ".tokens"};
  auto [highest, at] = find(tokens.fd(), item);
  const bool refused = token < highest;
  if (token > highest) {
    auto text = record(item, token);
    if (pwrite(tokens.fd(), text.data(), text.size(), at) != static_cast<ssize_t>(text.size())) {
      fail(path_ + ".tokens");
    }
  }
  locked_file file{path_};
  const auto end = lseek(file.fd(), 0, SEEK_END);
  if (end < 0) {
    fail(path_);
  }
  auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  try {
    write_all(file.fd(),
              fmt::format("{} {} {} {} {} {} {}\n", ms.count(), node, incarnation, refused ? "refused" : what, item,
                          token, words),
              path_);
  } catch (...) {
    // A disk that is full took a part of the line: nobody shall read it.
    if (ftruncate(file.fd(), end) != 0) {
      fail(path_);
    }
    throw;
  }
  return !refused;
}

} // namespace wordcount
