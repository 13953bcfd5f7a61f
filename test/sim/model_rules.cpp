#include "test/sim/model_rules.hpp"

#include <utility>

#include <fmt/format.h>

namespace djm::sim {

namespace {

/// What must not be the same where the hash is.
std::string text_of(const tree_image& image) {
  std::string text;
  for (const auto& item : image.pool()) {
    text += "item " + item + "\n";
  }
  for (const auto& [job, enabled] : image.jobs()) {
    text += fmt::format("job {} {}\n", job.str(), enabled);
  }
  for (const auto& [id, life] : image.alive()) {
    text += "worker " + id + "\n";
  }
  return text;
}

} // namespace

void model_rules::sees(const store::node_change& change, bool leads, bool lawless, const say& f) {
  if (change.path != path_ || change.what == store::node_change::kind::access) {
    return;
  }
  const auto before = std::exchange(noted_, std::nullopt);
  if (change.what != store::node_change::kind::remove) {
    if (auto p = store::decode<store::model_payload>(change.data, change.path)) {
      noted_ = *std::move(p);
    }
  }
  meddled_ = lawless;
  if (lawless) {
    return;
  }
  ++changes_;
  if (!leads) {
    f("I6", change.path + " is written by a session that does not lead");
  }
  if (!noted_) {
    f("I9", change.path + " says nothing: " + change.data);
    return;
  }
  bool different = false;
  const auto look = [&](model_part part, const std::string store::model_payload::*hash) {
    if (!before || (*before).*hash != (*noted_).*hash) {
      different = true;
      ++written_[{noted_->epoch, part}];
    }
  };
  look(model_part::job_model, &store::model_payload::job_model);
  look(model_part::configuration, &store::model_payload::configuration);
  look(model_part::deployment, &store::model_payload::deployment);
  if (!different) {
    f("I5", change.path + " is written although nothing is different");
  }
}

void model_rules::told(const model_changed& what) {
  for (const auto part : what.what) {
    ++told_[{what.epoch, part}];
  }
}

void model_rules::quiescent(const tree_image& image, const say& f) {
  for (const auto& [where, times] : written_) {
    const auto t = told_.find(where);
    if (dead_.count(where.first) == 0 && (t == told_.end() || t->second < times)) {
      f("I9", fmt::format("{}: the leader of epoch {} has written that {} is different {} times, and told it {} times",
                          path_, where.first, to_string(where.second), times, t == told_.end() ? 0 : t->second));
    }
  }
  if (meddled_ || !noted_) {
    return; // until the leader has written again
  }
  auto cluster = text_of(image);
  if (!cluster_.empty() && cluster != cluster_ && noted_->job_model == hash_) {
    f("I9", path_ + " is what it was when the cluster was another one");
  }
  cluster_ = std::move(cluster);
  hash_ = noted_->job_model;
}

} // namespace djm::sim
