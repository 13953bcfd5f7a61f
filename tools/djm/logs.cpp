#include "tools/djm/logs.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <string>
#include <system_error>

#include <sys/stat.h>

#include "djm/ids.hpp"
#include "tools/djm/invocation.hpp"
#include "tools/djm/texts.hpp"

namespace djm::tool {

namespace {

constexpr auto between_looks = std::chrono::milliseconds{200};

/// What is read at once: a file may be as large as a disk.
constexpr std::size_t piece = 64 * 1024;

/// Writes a file out, a piece at a time. A terminal gets no control characters that a command has written.
class printer {
public:
  explicit printer(context& io) : io_(io) {}

  void write(std::string_view text) {
    if (!io_.terminal) {
      io_.out << text;
      return;
    }
    while (!text.empty()) {
      const auto end = text.find('\n');
      begun_ += text.substr(0, end);
      if (end == text.npos) {
        return;
      }
      io_.out << printable(begun_) << '\n';
      begun_.clear();
      text.remove_prefix(end + 1);
    }
  }
  void end() {
    if (!begun_.empty()) {
      io_.out << printable(begun_) << '\n';
      begun_.clear();
    }
    io_.out << std::flush;
  }

private:
  context& io_;
  std::string begun_;
};

/// The file that a name is at this moment: its number, 0 for none.
std::uint64_t number_of(const std::string& path) {
  struct stat s {};
  return stat(path.c_str(), &s) == 0 ? static_cast<std::uint64_t>(s.st_ino) : 0;
}

/// Where the last so many lines begin.
std::uint64_t begin_of_last(std::ifstream& in, std::uint64_t size, std::uint32_t lines) {
  std::uint64_t at = size;
  std::uint64_t wanted = lines;
  std::string part;
  while (at > 0 && wanted > 0) {
    const auto n = std::min<std::uint64_t>(at, piece);
    part.resize(static_cast<std::size_t>(n));
    in.seekg(static_cast<std::streamoff>(at - n));
    in.read(part.data(), static_cast<std::streamsize>(n));
    for (auto i = part.size(); i > 0; --i) {
      const auto place = at - n + i;
      if (part[i - 1] == '\n' && place != size && --wanted == 0) {
        return place;
      }
    }
    at -= n;
  }
  return wanted == 0 ? size : 0;
}

/// What is behind a place, and how far that goes.
std::uint64_t copy_from(std::ifstream& in, std::uint64_t at, printer& to) {
  std::string part(piece, '\0');
  in.clear();
  in.seekg(static_cast<std::streamoff>(at));
  while (in.read(part.data(), static_cast<std::streamsize>(part.size())) || in.gcount() > 0) {
    to.write(std::string_view{part}.substr(0, static_cast<std::size_t>(in.gcount())));
    at += static_cast<std::uint64_t>(in.gcount());
  }
  return at;
}

/// As it grows, and into the next file where this one is put aside.
exit_code follow(invocation& x, const std::string& path, std::ifstream in, std::uint64_t at, printer& to) {
  auto number = number_of(path);
  while (x.io().out << std::flush && x.io().pause(between_looks)) {
    const auto now = number_of(path);
    at = copy_from(in, at, to);
    if (now != number && now != 0) {
      in = std::ifstream{path, std::ios::binary};
      number = now;
      at = copy_from(in, 0, to);
    }
  }
  to.end();
  return exit_code::fine;
}

} // namespace

exit_code logs_command(invocation& x) {
  const auto job = x.value("JOB"), item = x.value("ITEM");
  // What is no id could name another place than one below the folder.
  auto valid = check_id(id_kind::job, job);
  if (valid && x.has("ITEM")) {
    valid = check_id(id_kind::item, item);
  }
  if (!valid) {
    return x.fail(exit_code::usage, valid.error().text);
  }
  const auto folder = x.has("--folder") ? x.value("--folder") : x.io().variable("DJM_LOG_FOLDER");
  if (folder.empty()) {
    return x.fail(exit_code::usage, "where are the logs of the node on this machine? --folder or DJM_LOG_FOLDER says "
                                    "it, as commands.log_folder does in the file of djmd");
  }
  const auto lines = x.number("--lines", 20);
  if (!lines) {
    return x.fail(lines.error());
  }
  const auto path = folder + "/" + job + (item.empty() ? std::string{} : "/" + item) + ".log";
  std::ifstream in{path, std::ios::binary | std::ios::ate};
  const auto size = in ? static_cast<std::streamoff>(in.tellg()) : std::streamoff{-1};
  if (size < 0) {
    return x.fail(exit_code::error, path + ": " + std::generic_category().message(errno) +
                                      "; it is on the machine of the node that has run it (djm runs)");
  }
  printer to{x.io()};
  const auto begin = begin_of_last(in, static_cast<std::uint64_t>(size), *lines);
  const auto end = copy_from(in, begin, to);
  if (x.has("--follow")) {
    return follow(x, path, std::move(in), end, to);
  }
  to.end();
  return exit_code::fine;
}

} // namespace djm::tool
