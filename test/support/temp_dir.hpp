#pragma once

#include <filesystem>
#include <string>

namespace djm::test {

/// A directory of its own below the system's temporary one, removed with all it holds.
class temp_dir {
public:
  explicit temp_dir(const std::string& prefix = "djm-test");
  ~temp_dir();
  temp_dir(const temp_dir&) = delete;
  temp_dir& operator=(const temp_dir&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }

private:
  std::filesystem::path path_;
};

} // namespace djm::test
