#include "djm/log.hpp"

#include <cstdio>
#include <iterator>
#include <regex>
#include <thread>
#include <unistd.h>

#include <doctest/doctest.h>

using namespace djm;

namespace {

/// Sends stderr into a file while it lives.
class stderr_capture {
public:
  stderr_capture() : saved_(dup(STDERR_FILENO)) {
    file_ = std::tmpfile();
    REQUIRE(file_ != nullptr);
    dup2(fileno(file_), STDERR_FILENO);
  }
  ~stderr_capture() {
    restore();
    std::fclose(file_);
  }

  std::string text() {
    restore();
    std::string result(static_cast<std::size_t>(lseek(fileno(file_), 0, SEEK_END)), '\0');
    const auto n = pread(fileno(file_), result.data(), result.size(), 0);
    CHECK(n == static_cast<ssize_t>(result.size()));
    return result;
  }

private:
  void restore() {
    if (saved_ < 0) {
      return;
    }
    dup2(saved_, STDERR_FILENO);
    close(saved_);
    saved_ = -1;
  }

  int saved_;
  std::FILE* file_ = nullptr;
};

} // namespace

TEST_CASE("the default sink writes one line per record with time, level, place, text and fields") {
  stderr_capture capture;
  stderr_log()({log_level::warning, "n1", "manager", "two\nlines\x01", {{"moves", "3"}, {"why", "a\nb"}}});
  const auto text = capture.text();
  CHECK(std::regex_match(text, std::regex{R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warning n1/manager: )"
                                          R"(two\\nlines\? moves=3 why=a\\nb\n)"}));
}

TEST_CASE("the default sink leaves out records below its level") {
  stderr_capture capture;
  const auto sink = stderr_log(log_level::warning);
  sink({log_level::debug, "n", "c", "no", {}});
  sink({log_level::info, "n", "c", "no", {}});
  CHECK(capture.text().empty());
}

TEST_CASE("lines of several threads do not mix") {
  stderr_capture capture;
  const auto sink = stderr_log();
  const auto write = [&sink](char letter) {
    for (int i = 0; i < 200; ++i) {
      sink({log_level::info, "n", "c", std::string(100, letter), {}});
    }
  };
  std::thread other{write, 'b'};
  write('a');
  other.join();
  const auto text = capture.text();
  const std::regex line{R"([^\n]* info n/c: (a{100}|b{100})\n)"};
  const auto lines = std::distance(std::sregex_iterator{text.begin(), text.end(), line}, std::sregex_iterator{});
  CHECK(lines == 400);
}
