#include "actors/manager/model/cluster_model.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "model/config_tree.hpp"

namespace djm {

namespace {

constexpr std::size_t most_names = 8;

std::string in_hex(std::uint64_t hash) {
  return fmt::format("{:016x}", hash);
}

/// Its attributes in the one form that they have in the store.
std::string attributes_of(const job_image_state& job) {
  store::pool_payload bare;
  bare.enabled = job.pool.enabled;
  bare.attributes = job.pool.attributes;
  return store::encode(bare);
}

/// So that in a sum what one adds does not cancel what another one does.
std::uint64_t mixed(std::uint64_t h) {
  h += 0x9e3779b97f4a7c15u;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
  return h ^ (h >> 31);
}

/// Their hashes are added up, so that the order in which the items stand says nothing.
std::uint64_t hash_of_items(const job_image_state& job) {
  std::uint64_t sum = 0;
  const auto count = job.items ? job.items->size() : 0;
  for (std::size_t k = 0; k < count; ++k) {
    sum += mixed(job.items->hash(k));
  }
  return sum + count;
}

std::uint64_t configuration_of(const job_id& job, const record_mark& mark) {
  return mixed(impl::hash_of(fmt::format("{} {:x}", job.str(), mark.configuration)));
}

/// A job that names none says nothing.
std::uint64_t deployment_of(const job_id& job, const record_mark& mark) {
  return mark.deployment.empty() ? 0 : mixed(impl::hash_of(job.str() + " " + mark.deployment));
}

std::string text_of(const node_id& id, const worker_image& w) {
  store::worker_payload bare;
  bare.zone = w.registration->zone;
  bare.labels = w.registration->labels;
  bare.weight = w.registration->weight;
  bare.capacity = w.registration->capacity;
  bare.max_items = w.registration->max_items;
  std::string text = id + " " + store::encode(bare);
  for (const auto& job : w.available) {
    text += " " + job;
  }
  return text;
}

} // namespace

record_mark mark_of_record(const store::job_payload& record, const std::string& config) {
  record_mark mark;
  std::string text = record.ruling;
  for (const auto& s : record.lineage) {
    if (s.hash == record.ruling) {
      text += " " + s.overrides.to_json();
      mark.deployment = s.deployment;
    }
  }
  mark.configuration = impl::hash_of(text + " " + config);
  return mark;
}

std::string hash_of_jobs(const cluster_image& image, const std::set<node_id>& kept_back) {
  std::string text = image.all_disabled ? "all disabled\n" : "\n";
  for (const auto& [id, job] : image.jobs) {
    text += fmt::format("job {} {:x} {:x}\n", id.str(), impl::hash_of(attributes_of(job)), hash_of_items(job));
  }
  const auto owners = kept_back.empty() ? std::set<node_id>{} : image.owners();
  for (const auto& [id, w] : image.workers) {
    if (w.is_alive() || (w.registration && kept_back.count(id) > 0 && owners.count(id) > 0)) {
      text += fmt::format("worker {:x}\n", impl::hash_of(text_of(id, w)));
    }
  }
  return in_hex(impl::hash_of(text));
}

void record_marks::put(const job_id& job, record_mark mark) {
  if (const auto m = marks_.find(job); m != marks_.end() && m->second == mark) {
    return;
  }
  drop(job);
  configurations_ += configuration_of(job, mark);
  deployments_ += deployment_of(job, mark);
  if (!mark.deployment.empty()) {
    ++names_[mark.deployment];
  }
  marks_[job] = std::move(mark);
  ++changes_;
}

void record_marks::drop(const job_id& job) {
  const auto m = marks_.find(job);
  if (m == marks_.end()) {
    return;
  }
  configurations_ -= configuration_of(job, m->second);
  deployments_ -= deployment_of(job, m->second);
  if (const auto n = names_.find(m->second.deployment); n != names_.end() && --n->second == 0) {
    names_.erase(n);
  }
  marks_.erase(m);
  ++changes_;
}

void record_marks::clear() {
  const auto changes = changes_ + 1;
  *this = {};
  changes_ = changes;
}

std::string record_marks::configuration() const {
  return in_hex(configurations_);
}

std::string record_marks::deployment() const {
  return in_hex(deployments_);
}

std::vector<std::string> record_marks::names() const {
  std::vector<std::string> found;
  for (auto n = names_.begin(); n != names_.end() && found.size() < most_names; ++n) {
    found.push_back(n->first);
  }
  return found;
}

store::model_payload model_of(std::string job_model, const record_marks& records) {
  store::model_payload m;
  m.job_model = std::move(job_model);
  m.configuration = records.configuration();
  m.deployment = records.deployment();
  m.deployments = records.names();
  return m;
}

std::vector<model_part> differences(const store::model_payload* noted, const store::model_payload& now) {
  std::vector<model_part> parts;
  const auto compare = [&](model_part part, const std::string store::model_payload::*hash) {
    if (noted == nullptr || noted->*hash != now.*hash) {
      parts.push_back(part);
    }
  };
  compare(model_part::job_model, &store::model_payload::job_model);
  compare(model_part::configuration, &store::model_payload::configuration);
  compare(model_part::deployment, &store::model_payload::deployment);
  return parts;
}

} // namespace djm
