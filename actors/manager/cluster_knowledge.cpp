#include "actors/manager/cluster_knowledge.hpp"

namespace djm {

cluster_knowledge::figures cluster_knowledge::counted() const {
  return {image_.alive_count(), static_cast<std::uint32_t>(image_.jobs.size()),
          static_cast<std::uint32_t>(image_.item_count()), static_cast<std::uint32_t>(image_.assigned_count())};
}

void cluster_knowledge::rebuild(std::int32_t assignment_version) {
  if (known_) {
    before_ = counted();
  }
  image_ = {};
  rebuilding_ = true;
  assignment_version_ = assignment_version;
}

void cluster_knowledge::put_alive(const node_id& id, const std::string& incarnation) {
  if (const auto w = image_.workers.find(id); w != image_.workers.end()) {
    w->second.alive = incarnation;
  }
}

void cluster_knowledge::written(const assignment_batch& batch) {
  djm::apply(image_, batch);
  ++assignment_version_;
}

} // namespace djm
