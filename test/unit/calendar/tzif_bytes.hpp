#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

/// TZif files that tests make up, right or wrong.
namespace djm::test {

struct tzif_type {
  std::int32_t offset = 0;
  bool daylight = false;
};

struct tzif_file {
  /// 0 is version 1.
  char version = '2';
  std::vector<tzif_type> types;
  /// Second of UTC and number of the type.
  std::vector<std::pair<std::int64_t, std::uint8_t>> changes;
  std::string footer;
  /// Whether the first block, of 32 bits, has the changes as well.
  bool fat = false;
  /// More leap seconds than none.
  std::uint32_t leaps = 0;
};

std::string bytes_of(const tzif_file& file);

} // namespace djm::test
