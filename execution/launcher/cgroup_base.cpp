#include "execution/launcher/cgroup_base.hpp"

#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

namespace djm::exec {

namespace {

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(at);
    if (!text.substr(0, end).empty()) {
      parts.push_back(text.substr(0, end));
    }
    if (end == text.npos) {
      return parts;
    }
    text.remove_prefix(end + 1);
  }
}

/// The kernel writes blanks, tabs, line ends and backslashes as three octal digits.
std::string unescaped(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t n) { return i + n < text.size() && text[i + n] >= '0' && text[i + n] <= '7'; };
    if (text[i] == '\\' && digit(1) && digit(2) && digit(3)) {
      result += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      result += text[i];
    }
  }
  return result;
}

bool begins_with(std::string_view text, std::string_view with) {
  return text.substr(0, with.size()) == with;
}

struct mounted {
  std::string root, point;
};

/// "30 22 0:27 ROOT POINT options optional... - cgroup2 source options"
std::optional<mounted> mount_of(std::string_view mountinfo) {
  std::optional<mounted> found;
  for (const auto line : split(mountinfo, '\n')) {
    const auto parts = split(line, ' ');
    for (std::size_t i = 6; i + 1 < parts.size(); ++i) {
      if (parts[i] == "-") {
        if (parts[i + 1] == "cgroup2") {
          found = mounted{unescaped(parts[3]), unescaped(parts[4])}; // the last one is what is seen
        }
        break;
      }
    }
  }
  return found;
}

std::string read_file(const char* path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

expected<std::string> find_own_cgroup(std::string_view mountinfo, std::string_view cgroup) {
  const auto mount = mount_of(mountinfo);
  if (!mount) {
    return fail(errc::invalid_state, "no cgroup file system of version 2 is mounted");
  }
  for (const auto line : split(cgroup, '\n')) {
    if (!begins_with(line, "0::/")) {
      continue;
    }
    const auto path = line.substr(3);
    const auto root = std::string_view{mount->root};
    if (root == "/") {
      return path == "/" ? mount->point : mount->point + std::string{path};
    }
    if (begins_with(path, root) && (path.size() == root.size() || path[root.size()] == '/')) {
      return mount->point + std::string{path.substr(root.size())};
    }
    return fail(errc::invalid_state, "the cgroup " + std::string{path} + " of this process is not below " +
                                       mount->root + ", of which " + mount->point + " is a mount");
  }
  return fail(errc::invalid_state, "this process is in no cgroup of version 2");
}

expected<std::string> own_cgroup() {
  return find_own_cgroup(read_file("/proc/self/mountinfo"), read_file("/proc/self/cgroup"));
}

} // namespace djm::exec
