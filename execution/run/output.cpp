#include "execution/run/output.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <unistd.h>

namespace djm::exec {

namespace {

constexpr std::size_t piece = 64 * 1024;

/// Bytes read without waiting; 0: none now, or none any more, and then the pipe is closed.
std::size_t read_piece(int& pipe, char* data) {
  if (pipe < 0) {
    return 0;
  }
  const auto n = read(pipe, data, piece);
  if (n > 0) {
    return static_cast<std::size_t>(n);
  }
  if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
    close(std::exchange(pipe, -1));
  }
  return 0;
}

void close_open(int fd) {
  if (fd >= 0) {
    close(fd);
  }
}

} // namespace

output_reader::~output_reader() {
  close_open(pipe_);
  close_open(log_);
}

/// A few pieces, so that a command that writes without end keeps nothing else from its turn.
void output_reader::read_some() {
  char data[piece];
  for (int i = 0; i < 8; ++i) {
    const auto n = read_piece(pipe_, data);
    if (n == 0) {
      return;
    }
    keep(data, n);
    write_log(data, n);
  }
}

void output_reader::keep(const char* data, std::size_t size) {
  tail_.append(data, size);
  if (tail_.size() > 2 * max_tail) {
    tail_.erase(0, tail_.size() - max_tail);
  }
}

void output_reader::write_log(const char* data, std::size_t size) {
  if (log_ < 0) {
    return;
  }
  const auto most = static_cast<std::size_t>(all_.take(std::min<std::uint64_t>(size, room_)));
  std::size_t done = 0;
  while (done < most) {
    const auto n = write(log_, data + done, most - done);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {
      break; // a disk that is full is no reason to stop the command
    }
    done += static_cast<std::size_t>(n);
  }
  all_.give_back(most - done);
  room_ -= done;
  dropped_ += size - done;
}

std::string output_reader::tail() const {
  return tail_.size() <= max_tail ? tail_ : tail_.substr(tail_.size() - max_tail);
}

line_reader::~line_reader() {
  close_open(pipe_);
}

void line_reader::read_some(const take_line& take) {
  char data[piece];
  const auto n = read_piece(pipe_, data);
  for (std::size_t i = 0; i < n; ++i) {
    put(data[i], take);
  }
}

void line_reader::put(char c, const take_line& take) {
  if (c == '\n') {
    if (!begun_.empty() || cut_) {
      take({std::exchange(begun_, {}), std::exchange(cut_, false)});
    }
  } else if (begun_.size() < max_line) {
    begun_ += c;
  } else {
    cut_ = true;
  }
}

void line_reader::finish(const take_line& take) {
  put('\n', take);
}

} // namespace djm::exec
