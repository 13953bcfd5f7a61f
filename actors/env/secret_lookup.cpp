#include "actors/env/secret_lookup.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace djm {

namespace {

class descriptor {
public:
  // Without O_NONBLOCK opening a pipe waits for somebody who writes.
  explicit descriptor(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd_ >= 0) {
      close(fd_);
    }
  }

  int get() const noexcept { return fd_; }

private:
  int fd_;
};

tl::unexpected<error> failed(const char* what) {
  return fail(errc::invalid_file, fmt::format("the file cannot be {}: {}", what, std::strerror(errno)));
}

expected<std::string> read_all(int fd, std::size_t most) {
  std::string content(most + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const auto n = read(fd, &content[size], content.size() - size);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      return failed("read");
    }
    if (n == 0) {
      break;
    }
    size += static_cast<std::size_t>(n);
  }
  content.resize(size);
  return content;
}

void drop_newline(std::string& text) {
  if (!text.empty() && text.back() == '\n') {
    text.pop_back();
    if (!text.empty() && text.back() == '\r') {
      text.pop_back();
    }
  }
}

expected<std::string> read_secret(const std::string& path) {
  const descriptor file{path};
  struct stat about {};
  if (file.get() < 0) {
    return failed("opened");
  }
  if (fstat(file.get(), &about) != 0) {
    return failed("read");
  }
  if (!S_ISREG(about.st_mode)) {
    return fail(errc::invalid_file, "this is not a regular file");
  }
  constexpr std::size_t newline = 2;
  auto content = read_all(file.get(), max_secret_size + newline);
  if (!content) {
    return content;
  }
  drop_newline(*content);
  if (content->size() > max_secret_size) {
    return fail(errc::too_large, fmt::format("the file has more than {} bytes", max_secret_size));
  }
  return content;
}

} // namespace

expected<std::string> look_up_secret(const config_reference& what) {
  if (what.kind == reference_kind::file) {
    return read_secret(what.name);
  }
  const auto* value = std::getenv(what.name.c_str());
  if (value == nullptr) {
    return fail(errc::invalid_config, "the variable is not set in the environment of this process");
  }
  std::string text{value};
  if (text.size() > max_secret_size) {
    return fail(errc::too_large, fmt::format("the variable has more than {} bytes", max_secret_size));
  }
  return text;
}

} // namespace djm
