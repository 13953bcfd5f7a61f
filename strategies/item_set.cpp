#include <algorithm>

#include "djm/assignment_problem.hpp"
#include "strategies/murmur3.hpp"

namespace djm {

expected<std::shared_ptr<const item_set>> item_set::make(const std::vector<item_id>& names) {
  if (names.size() >= no_worker) {
    return fail(errc::invalid_problem, "a job has " + std::to_string(names.size()) + " items; at most 4294967294");
  }
  struct entry {
    std::uint64_t hash;
    std::uint32_t at;
  };
  std::vector<entry> order;
  order.reserve(names.size());
  std::size_t bytes = 0;
  for (std::size_t k = 0; k < names.size(); ++k) {
    order.push_back({murmur3_64(names[k]), static_cast<std::uint32_t>(k)});
    bytes += names[k].size();
  }
  std::sort(order.begin(), order.end(), [&names](const entry& a, const entry& b) {
    return a.hash != b.hash ? a.hash < b.hash : names[a.at] < names[b.at];
  });
  auto result = std::make_shared<item_set>();
  result->hashes_.reserve(names.size());
  result->offsets_.reserve(names.size() + 1);
  result->arena_.reserve(bytes);
  for (std::size_t k = 0; k < order.size(); ++k) {
    const auto& name = names[order[k].at];
    if (k > 0 && order[k].hash == order[k - 1].hash && name == names[order[k - 1].at]) {
      return fail(errc::invalid_problem, "item \"" + name + "\" is there twice");
    }
    result->hashes_.push_back(order[k].hash);
    result->arena_ += name;
    result->offsets_.push_back(result->arena_.size());
  }
  return std::shared_ptr<const item_set>{std::move(result)};
}

std::optional<std::uint32_t> item_set::find(std::string_view name) const noexcept {
  // Hashes are sorted and evenly spread, so the place of one can be guessed from its value and is a few steps away.
  const auto n = hashes_.size();
  if (n == 0) {
    return std::nullopt;
  }
  const auto wanted = murmur3_64(name);
  auto k = static_cast<std::size_t>(static_cast<double>(wanted) / 18446744073709551616.0 * static_cast<double>(n));
  k = std::min(k, n - 1);
  while (k > 0 && hashes_[k] >= wanted) {
    --k;
  }
  while (k < n && hashes_[k] < wanted) {
    ++k;
  }
  for (; k < n && hashes_[k] == wanted; ++k) {
    if (this->name(k) == name) {
      return static_cast<std::uint32_t>(k);
    }
  }
  return std::nullopt;
}

} // namespace djm
