#include <map>
#include <set>

#include "tools/plan/json_reader.hpp"
#include "tools/plan/plan_file.hpp"

namespace djm::tool {

namespace {

constexpr std::uint64_t max_items = 10'000'000;

class reader {
public:
  reader(const strategy_registry& registry, gone previous) : registry_(registry), previous_(previous) {}

  plan_request run(const json& root) {
    known_keys(
      root, {},
      {"strategy", "max_moves", "max_moves_per_worker", "effort", "global_tolerance", "workers", "jobs", "previous"});
    plan_options options;
    if (root.contains("strategy")) {
      strategy_ = strategy_at(root["strategy"], pointer{} / "strategy");
    }
    if (root.contains("max_moves")) {
      options.max_moves = natural_at(root["max_moves"], pointer{} / "max_moves", UINT32_MAX);
    }
    if (root.contains("max_moves_per_worker")) {
      options.max_moves_per_worker =
        natural_at(root["max_moves_per_worker"], pointer{} / "max_moves_per_worker", UINT32_MAX);
    }
    if (root.contains("effort")) {
      options.effort = natural_at(root["effort"], pointer{} / "effort", UINT64_MAX);
    }
    if (root.contains("global_tolerance")) {
      options.global_tolerance =
        static_cast<std::uint32_t>(natural_at(root["global_tolerance"], pointer{} / "global_tolerance", UINT32_MAX));
    }
    for (const auto* key : {"workers", "jobs"}) {
      if (!root.contains(key)) {
        refuse({}, root, std::string{"key \""} + key + "\" is missing");
      }
    }
    const auto& workers = array_at(root["workers"], pointer{} / "workers");
    const auto& jobs = array_at(root["jobs"], pointer{} / "jobs");
    for (std::size_t k = 0; k < workers.size(); ++k) {
      worker_name(workers[k], pointer{} / "workers" / k);
    }
    for (std::size_t k = 0; k < jobs.size(); ++k) {
      job_name(jobs[k], pointer{} / "jobs" / k);
    }
    for (std::size_t k = 0; k < workers.size(); ++k) {
      worker(workers[k], pointer{} / "workers" / k);
    }
    for (std::size_t k = 0; k < jobs.size(); ++k) {
      job(jobs[k], pointer{} / "jobs" / k);
    }
    check_affinity(jobs);
    for (const auto& [w, j] : offers_) {
      builder_.set_eligible(node_id{w}, job_id{j});
    }
    if (root.contains("previous")) {
      previous(root["previous"]);
    }
    auto problem = builder_.build();
    if (!problem) {
      throw fault{errc::invalid_file, "/: " + problem.error().text};
    }
    return {std::move(*problem), options, std::move(warnings_)};
  }

private:
  std::string strategy_at(const json& x, const pointer& at) const {
    auto result = text_at(x, at);
    if (!registry_.find(result)) {
      std::string list;
      for (const auto& name : registry_.names()) {
        list += (list.empty() ? "" : ", ") + name;
      }
      refuse(at, x, "must be one of " + list, errc::unknown_strategy);
    }
    return result;
  }

  static const json& member(const json& x, const pointer& at, const char* key) {
    if (!object_at(x, at).contains(key)) {
      refuse(at, x, std::string{"key \""} + key + "\" is missing");
    }
    return x[key];
  }

  void worker_name(const json& x, const pointer& at) {
    auto name = id_at(member(x, at, "id"), at / "id");
    if (!workers_.insert(name).second) {
      refuse(at / "id", x["id"], "there is a worker of this id already");
    }
  }

  void job_name(const json& x, const pointer& at) {
    auto name = id_at(member(x, at, "id"), at / "id");
    if (!jobs_.emplace(name, jobs_.size()).second) {
      refuse(at / "id", x["id"], "there is a job of this id already");
    }
  }

  /// Strings of an array, each once.
  template <class F>
  static std::vector<std::string> list_at(const json& x, const pointer& at, F&& element) {
    std::vector<std::string> result;
    std::set<std::string> seen;
    array_at(x, at);
    for (std::size_t k = 0; k < x.size(); ++k) {
      result.push_back(element(x[k], at / k));
      if (!seen.insert(result.back()).second) {
        refuse(at / k, x[k], "is in this list twice");
      }
    }
    return result;
  }

  std::string known_job(const json& x, const pointer& at) const {
    auto name = text_at(x, at);
    if (jobs_.count(name) == 0) {
      refuse(at, x, "is not a job of this file");
    }
    return name;
  }

  void worker(const json& x, const pointer& at) {
    known_keys(x, at, {"id", "jobs", "zone", "labels", "capacity", "weight", "draining", "cordoned"});
    worker_attributes a;
    const auto name = x["id"].get<std::string>();
    if (x.contains("zone")) {
      a.zone = text_at(x["zone"], at / "zone");
    }
    if (x.contains("labels")) {
      a.labels = list_at(x["labels"], at / "labels", text_at);
    }
    if (x.contains("weight")) {
      a.weight = amount_at(x["weight"], at / "weight", true);
    }
    if (x.contains("capacity")) {
      a.capacity = amounts_at(x["capacity"], at / "capacity");
    }
    if (x.contains("draining")) {
      a.draining = flag_at(x["draining"], at / "draining");
    }
    if (x.contains("cordoned")) {
      a.cordoned = flag_at(x["cordoned"], at / "cordoned");
    }
    const auto listed = x.contains("jobs");
    if (listed) {
      for (auto& j :
           list_at(x["jobs"], at / "jobs", [&](const json& e, const pointer& p) { return known_job(e, p); })) {
        offers_.emplace_back(name, std::move(j));
      }
    }
    builder_.add_worker(node_id{name}, std::move(a),
                        listed ? problem_builder::offers::listed_jobs : problem_builder::offers::all_jobs);
  }

  static std::map<std::string, std::int64_t> amounts_at(const json& x, const pointer& at) {
    std::map<std::string, std::int64_t> result;
    for (const auto& [key, value] : object_at(x, at).items()) {
      result[key] = amount_at(value, at / key, false);
    }
    return result;
  }

  std::vector<item_id> items_at(const json& x, const pointer& at) {
    std::vector<item_id> result;
    if (x.is_array()) {
      result = to_ids<item_id>(list_at(x, at, id_at));
    } else if (x.is_object()) {
      known_keys(x, at, {"count", "prefix"});
      const auto count = natural_at(member(x, at, "count"), at / "count", max_items);
      const auto prefix = x.contains("prefix") ? text_at(x["prefix"], at / "prefix") : std::string{};
      if (count > 0 && !is_valid_id(prefix + std::to_string(count - 1))) {
        refuse(at / "prefix", x.contains("prefix") ? x["prefix"] : json{}, "does not make valid ids with the numbers");
      }
      result.reserve(count);
      for (std::uint64_t k = 0; k < count; ++k) {
        result.emplace_back(prefix + std::to_string(k));
      }
    } else {
      refuse(at, x, "must be an array of ids or an object with \"count\" and \"prefix\"");
    }
    total_ += result.size();
    if (total_ > max_items) {
      refuse(at, x, "makes more than " + std::to_string(max_items) + " items in this file");
    }
    return result;
  }

  void job(const json& x, const pointer& at) {
    known_keys(x, at,
               {"id", "items", "strategy", "weights", "profile", "priority", "requires", "max_per_worker",
                "max_workers", "spread", "colocate_with", "separate_from", "pinned", "relaxation"});
    job_attributes a;
    const auto name = x["id"].get<std::string>();
    auto interned = item_set::make(items_at(member(x, at, "items"), at / "items"));
    if (!interned) {
      throw fault{errc::invalid_file, (at / "items").str() + ": " + interned.error().text};
    }
    const auto& items = **interned;
    auto known_item = [&](const std::string& item, const json& value, const pointer& p) {
      if (!items.find(item)) {
        refuse(p, value, impl::quote(item) + " is not an item of the job");
      }
    };
    a.strategy = x.contains("strategy") ? strategy_at(x["strategy"], at / "strategy") : strategy_;
    if (x.contains("weights")) {
      for (const auto& [item, amount] : amounts_at(x["weights"], at / "weights")) {
        known_item(item, x["weights"][item], at / "weights" / item);
        a.item_weights[item_id{item}] = amount;
      }
    }
    if (x.contains("profile")) {
      a.profile = amounts_at(x["profile"], at / "profile");
    }
    if (x.contains("priority")) {
      const auto priority = enum_value<job_priority>(text_at(x["priority"], at / "priority"));
      if (!priority) {
        refuse(at / "priority", x["priority"], "must be \"low\", \"normal\" or \"high\"");
      }
      a.priority = *priority;
    }
    if (x.contains("requires")) {
      a.requires_labels = list_at(x["requires"], at / "requires", text_at);
    }
    if (x.contains("max_per_worker")) {
      a.max_per_worker = static_cast<std::uint32_t>(natural_at(x["max_per_worker"], at / "max_per_worker", UINT32_MAX));
    }
    if (x.contains("max_workers")) {
      a.max_workers = static_cast<std::uint32_t>(natural_at(x["max_workers"], at / "max_workers", UINT32_MAX));
    }
    if (x.contains("spread")) {
      if (text_at(x["spread"], at / "spread") != enum_text(spread_rule::zone)) {
        refuse(at / "spread", x["spread"], "must be \"zone\"");
      }
      a.spread = spread_rule::zone;
    }
    for (auto [key, list] :
         {std::pair{"colocate_with", &a.colocate_with}, std::pair{"separate_from", &a.separate_from}}) {
      if (x.contains(key)) {
        *list = to_ids<job_id>(list_at(x[key], at / key, [&](const json& e, const pointer& p) {
          auto other = known_job(e, p);
          if (other == name) {
            refuse(p, e, "is the job itself");
          }
          return other;
        }));
      }
    }
    if (x.contains("pinned")) {
      for (const auto& [item, value] : object_at(x["pinned"], at / "pinned").items()) {
        const auto p = at / "pinned" / item;
        known_item(item, value, p);
        const auto node = text_at(value, p);
        if (workers_.count(node) == 0) {
          refuse(p, value, "is not a worker of this file");
        }
        a.pinned[item_id{item}] = node_id{node};
      }
    }
    if (x.contains("relaxation")) {
      const auto word = text_at(x["relaxation"], at / "relaxation");
      if (word.empty() || !from_word(word, a.relaxation)) {
        refuse(at / "relaxation", x["relaxation"], "must be \"any\", \"one_worker\" or \"worker:<id>\"");
      }
      if (a.relaxation.kind == relaxation_kind::named_worker && workers_.count(a.relaxation.worker) == 0) {
        refuse(at / "relaxation", x["relaxation"], "does not name a worker of this file");
      }
    }
    affinity_[name] = {{a.colocate_with.begin(), a.colocate_with.end()},
                       {a.separate_from.begin(), a.separate_from.end()}};
    sets_[name] = *interned;
    builder_.add_job(job_id{name}, a, std::move(*interned));
  }

  // Contradictions and cycles span jobs, so they are judged when all are known.
  void check_affinity(const json& jobs) const {
    for (const auto& [name, mine] : affinity_) {
      for (std::size_t k = 0; k < mine.colocate.size(); ++k) {
        const auto& other = mine.colocate[k];
        const auto at = pointer{} / "jobs" / jobs_.at(name) / "colocate_with" / k;
        const auto& value = jobs[jobs_.at(name)]["colocate_with"][k];
        if (mine.separate.count(other) > 0 || affinity_.at(other).separate.count(name) > 0) {
          refuse(at, value, "contradicts separate_from between the two jobs");
        }
        std::set<std::string> seen;
        if (leads_to(other, name, seen)) {
          refuse(at, value, "closes a cycle of colocate_with; of two jobs only one follows the other");
        }
      }
    }
  }

  bool leads_to(const std::string& from, const std::string& to, std::set<std::string>& seen) const {
    std::vector<std::string> open{from};
    while (!open.empty()) {
      const auto here = open.back();
      open.pop_back();
      if (here == to) {
        return true;
      }
      if (seen.insert(here).second) {
        for (const auto& next : affinity_.at(here).colocate) {
          open.push_back(next);
        }
      }
    }
    return false;
  }

  void previous(const json& x) {
    const auto at = pointer{} / "previous";
    std::map<std::string, std::map<std::string, std::string>> owner; // job -> item -> worker
    for (const auto& [w, by_job] : object_at(x, at).items()) {
      if (!is_valid_id(w)) {
        refuse(at / w, w, "must be the id of a worker");
      }
      const auto there = workers_.count(w) > 0;
      if (!there) {
        odd(at / w, w, "is not a worker of this file");
      }
      for (const auto& [j, items] : object_at(by_job, at / w).items()) {
        const auto here = at / w / j;
        if (jobs_.count(j) == 0) {
          refuse(here, j, "is not a job of this file");
        }
        array_at(items, here);
        for (std::size_t k = 0; k < items.size(); ++k) {
          const auto item = text_at(items[k], here / k);
          if (!sets_.at(j)->find(item)) {
            odd(here / k, items[k], "is not an item of the job");
            continue;
          }
          const auto [place, fresh] = owner[j].emplace(item, w);
          if (!fresh) {
            refuse(here / k, items[k], "has a previous owner already, \"" + place->second + "\"");
          }
          if (there) {
            builder_.set_previous(node_id{w}, job_id{j}, item_id{item});
          }
        }
      }
    }
  }

  void odd(const pointer& at, const json& value, const std::string& what) {
    if (previous_ == gone::refused) {
      refuse(at, value, what);
    }
    warnings_.push_back(at.str() + ": " + impl::shown(value) + ": " + what + "; counts as gone");
  }

  struct affinity {
    std::vector<std::string> colocate;
    std::set<std::string> separate;
  };

  const strategy_registry& registry_;
  gone previous_;
  std::string strategy_{default_strategy};
  problem_builder builder_;
  std::set<std::string> workers_;
  std::map<std::string, std::size_t> jobs_; // position in the file
  std::map<std::string, affinity> affinity_;
  std::map<std::string, std::shared_ptr<const item_set>> sets_;
  std::vector<std::pair<std::string, std::string>> offers_;
  std::vector<std::string> warnings_;
  std::uint64_t total_ = 0;
};

} // namespace

expected<plan_request> read_plan_request(std::string_view text, const strategy_registry& registry, gone previous) {
  auto root = impl::parse_json(text, impl::duplicate_keys::refused);
  if (!root) {
    return fail(errc::invalid_file, "/: " + root.error());
  }
  try {
    return reader{registry, previous}.run(*root);
  } catch (fault& f) {
    return fail(f.code, std::move(f.text));
  }
}

} // namespace djm::tool
