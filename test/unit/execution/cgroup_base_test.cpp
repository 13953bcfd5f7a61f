#include "execution/launcher/cgroup_base.hpp"

#include <doctest/doctest.h>

#include <string>

using djm::exec::find_own_cgroup;

namespace {

std::string found(const std::string& mountinfo, const std::string& cgroup) {
  const auto path = find_own_cgroup(mountinfo, cgroup);
  return path ? *path : "- " + path.error().text;
}

const std::string unified = "24 30 0:22 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
const std::string hybrid = "30 22 0:27 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
                           "31 30 0:28 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
                           "40 30 0:37 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

} // namespace

TEST_CASE("cgroup base: where version 2 is alone, and beside version 1") {
  CHECK(found(unified, "0::/system.slice/djmd.service\n") == "/sys/fs/cgroup/system.slice/djmd.service");
  CHECK(found(unified, "0::/\n") == "/sys/fs/cgroup");
  CHECK(found(hybrid, "9:name=systemd:/\n4:memory:/a\n0::/b\n") == "/sys/fs/cgroup/unified/b");
}

TEST_CASE("cgroup base: a mount of a part, blanks in paths, several optional fields") {
  const std::string part = "24 30 0:22 /docker/x /sys/fs/my\\040cgroup rw shared:9 master:1 - cgroup2 none rw\n";
  CHECK(found(part, "0::/docker/x/sub\n") == "/sys/fs/my cgroup/sub");
  CHECK(found(part, "0::/docker/x\n") == "/sys/fs/my cgroup");
  CHECK(found(part, "0::/docker/xy\n").find("is not below /docker/x") != std::string::npos);
}

TEST_CASE("cgroup base: what is not there is said") {
  CHECK(found("", "0::/\n") == "- no cgroup file system of version 2 is mounted");
  CHECK(found("1 2 3 4 5\n\n- cgroup2\n", "0::/\n") == "- no cgroup file system of version 2 is mounted");
  CHECK(found(unified, "4:memory:/a\n") == "- this process is in no cgroup of version 2");
  CHECK(found(unified, "") == "- this process is in no cgroup of version 2");
}
