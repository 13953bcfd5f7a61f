#include "actors/client/tree_doctor.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "actors/client/odd_states.hpp"
#include "actors/client/order_core.hpp"
#include "actors/client/refusal_findings.hpp"
#include "actors/client/settings_findings.hpp"
#include "actors/client/size_findings.hpp"
#include "actors/client/tree_index.hpp"
#include "djm/prepare_context.hpp"
#include "zkstore/job_payloads.hpp"

namespace djm {

using store::rc;

namespace {

class doctor {
public:
  doctor(const store::tree_schema& tree, const std::vector<tree_record>& records, const std::string& who)
    : tree_(tree), all_(tree, records), who_(store::encode(store::version_payload{who})) {}

  std::vector<diagnosis> examine() {
    look_at_base();
    look_at_names();
    look_at_lives();
    look_at_latches();
    look_at_payloads();
    look_at_locks();
    for (auto& x : odd_states(tree_, all_)) {
      tell(std::move(x));
    }
    look_at_assignments();
    look_at_refusals(tree_, all_, [this](auto rule, auto level, auto& node, auto text, auto advice) {
      tell({level, rule, node.path, text, advice}, {store::remove_op{node.path, node.stat.version}});
    });
    look_at_settings(tree_, all_, [this](auto rule, auto level, const std::string& path, auto text, auto advice) {
      tell({level, rule, path, text, advice});
    });
    look_at_access();
    look_at_sizes(tree_, all_, [this](auto rule, auto level, const std::string& path, auto text, auto advice) {
      tell({level, rule, path, text, advice});
    });
    std::stable_sort(found_.begin(), found_.end(), [](const diagnosis& a, const diagnosis& b) {
      return a.finding.level != b.finding.level ? a.finding.level > b.finding.level : a.finding.id < b.finding.id;
    });
    return std::move(found_);
  }

private:
  void tell(odd_thing x, std::vector<store::write_op> ops = {}) {
    tree_finding f;
    f.id = to_string(x.rule) + ":" + all_.below_root(x.path);
    f.level = x.level;
    f.rule = x.rule;
    f.path = std::move(x.path);
    f.text = std::move(x.text);
    f.advice = std::move(x.advice);
    f.repair = changes_of(ops);
    found_.push_back({std::move(f), std::move(ops)});
  }

  /// The version node at the version that was read, before what it guards was.
  store::write_op bump(const std::string& version) const {
    const auto* node = all_.find(version);
    return store::set_op{version, who_, node != nullptr ? node->stat.version : 0};
  }

  void look_at_base();
  void look_at_names();
  void look_at_lives();
  void look_at_latches();
  void look_at_payloads();
  void look_at_locks();
  void look_at_lock(const job_id& job, const tree_record& lock);
  void look_at_lock_folder(const job_id& job, const tree_record& folder);
  void look_at_assignments();
  void look_at_assigned(const node_id& worker, const tree_record& folder, const tree_record& assigned);
  void look_at_access();
  void foreign(const std::string& path, const std::string& rule);
  template <class Payload>
  void check(const tree_record& node, const std::string& whose);

  const store::tree_schema& tree_;
  tree_index all_;
  std::string who_;
  std::vector<diagnosis> found_;
  std::map<item_ref, node_id> owners_;
};

// -- the base -----------------------------------------------------------------------

void doctor::look_at_base() {
  const bool mended_by_nodes = all_.anybody_alive();
  const std::string by_nodes = "a node that runs makes it anew: find out who deleted it";
  std::map<std::string, std::string> folders{
    {tree_.format(), store::encode(store::format_payload{})},
    {tree_.pools(), store::encode(store::pools_payload{})},
    {tree_.jobs_version(), store::encode(store::jobs_version_payload{"repair", {}})}};
  for (auto& path : {tree_.alive(), tree_.latches(), tree_.workers(), tree_.locks(), tree_.marks(), tree_.jobs(),
                     tree_.states(), tree_.refusals()}) {
    folders.emplace(path, "");
  }
  for (const auto& [path, data] : folders) {
    if (all_.is_missing(path)) {
      std::vector<store::write_op> ops;
      if (!mended_by_nodes) {
        ops.emplace_back(store::create_op{path, data});
      }
      tell({finding_level::error, finding_rule::base_missing, path, "it is missing", by_nodes}, std::move(ops));
    }
  }
  for (const auto& path : {tree_.pool_version(), tree_.worker_version(), tree_.assignment_version()}) {
    if (all_.is_missing(path)) {
      std::vector<store::write_op> ops;
      if (!mended_by_nodes) {
        // It counts from zero again: nobody who has read an earlier count may still lead.
        ops.emplace_back(store::create_op{path, who_});
        for (const auto& name : all_.names_below(tree_.latches())) {
          ops.emplace_back(store::remove_op{tree_.latch(name)});
        }
      }
      tell({finding_level::error, finding_rule::version_missing, path, "it is missing", by_nodes}, std::move(ops));
    }
  }
  if (const auto* format = all_.find(tree_.format()); format != nullptr && format->code == rc::ok) {
    const auto p = store::decode<store::format_payload>(format->data, format->path);
    if (!p || p->format != store::format_version) {
      tell({finding_level::error, finding_rule::other_format, format->path,
            p ? "the tree has layout " + std::to_string(p->format) + ", this version reads and writes layout " +
                  std::to_string(store::format_version)
              : p.error().text,
            "use the version of djm that has written it"});
    }
  }
}

// -- names --------------------------------------------------------------------------

void doctor::foreign(const std::string& path, const std::string& rule) {
  tell({finding_level::note, finding_rule::foreign_node, path, rule, "djm passes it over: find out who made it"});
}

void doctor::look_at_names() {
  const std::set<std::string> known = {tree_.format(),       tree_.alive(),          tree_.latches(),
                                       tree_.workers(),      tree_.pools(),          tree_.locks(),
                                       tree_.pool_version(), tree_.worker_version(), tree_.assignment_version(),
                                       tree_.marks(),        tree_.jobs(),           tree_.jobs_version(),
                                       tree_.states(),       tree_.refusals(),       tree_.model(),
                                       tree_.submissions()};
  for (const auto& name : all_.names_below(tree_.root())) {
    const auto path = all_.join(tree_.root(), name);
    if (known.count(path) == 0 && all_.find(path) != nullptr) {
      foreign(path, "djm has no such node below its root");
    }
  }
  for (const auto& folder : {tree_.workers(), tree_.alive(), tree_.marks(), tree_.jobs(), tree_.pools(), tree_.locks(),
                             tree_.states(), tree_.submissions()}) {
    for (const auto& name : all_.names_below(folder)) {
      if (!is_valid_id(name)) {
        foreign(all_.join(folder, name), "the name is no id");
      }
    }
  }
  for (const auto& job : all_.names_below(tree_.pools())) {
    for (const auto& name : all_.names_below(tree_.pool(job_id{job}))) {
      if (!is_valid_id(name)) {
        foreign(all_.join(tree_.pool(job_id{job}), name), "the name is no id");
      }
    }
  }
}

// -- who is there -------------------------------------------------------------------

void doctor::look_at_lives() {
  for (const auto* node : all_.below(tree_.alive())) {
    const node_id id{std::string{store::name_of(node->path)}};
    if (node->stat.ephemeral_owner == 0 && node->code == rc::ok) {
      tell({finding_level::error, finding_rule::alive_without_session, node->path,
            "no session holds it, so it says nothing of anybody's life",
            "the node of that id removes it when it joins; remove it when there is none"},
           {bump(tree_.worker_version()), store::remove_op{node->path, node->stat.version}});
    } else if (all_.is_missing(tree_.worker(id))) {
      tell({finding_level::note, finding_rule::alive_without_registration, node->path,
            "it is alive and has no registration in " + tree_.workers(), "it joins again by itself"});
    }
  }
}

void doctor::look_at_latches() {
  bool somebody = false;
  for (const auto* node : all_.below(tree_.latches())) {
    const auto name = store::name_of(node->path);
    if (store::candidate_worker(name).empty()) {
      foreign(node->path, "the name is none of a candidate");
    } else if (node->stat.ephemeral_owner == 0 && node->code == rc::ok) {
      tell({finding_level::warning, finding_rule::latch_without_session, node->path,
            "no session holds it: it is passed over", "remove it"},
           {store::remove_op{node->path, node->stat.version}});
    } else {
      somebody = true;
    }
  }
  if (!somebody && all_.anybody_alive() && all_.find(tree_.latches()) != nullptr) {
    tell({finding_level::error, finding_rule::no_leader, tree_.latches(),
          "workers are alive, and none of them is a candidate for leadership",
          "it should last for seconds only: see the problems and the log of the nodes"});
  }
}

// -- payloads -----------------------------------------------------------------------

template <class Payload>
void doctor::check(const tree_record& node, const std::string& whose) {
  if (node.code != rc::ok) {
    return;
  }
  if (const auto p = store::decode<Payload>(node.data, node.path); !p) {
    tell({finding_level::error, finding_rule::malformed_data, node.path, p.error().text, whose});
  }
}

void doctor::look_at_payloads() {
  for (const auto* node : all_.below(tree_.workers())) {
    check<store::worker_payload>(*node, "its node writes it anew when it joins again: restart it");
    const node_id id{std::string{store::name_of(node->path)}};
    if (const auto* assigned = all_.find(tree_.assigned(id))) {
      check<store::assigned_payload>(*assigned, "the leader writes it anew with its next change");
    }
  }
  for (const auto* node : all_.below(tree_.alive())) {
    if (node->stat.ephemeral_owner != 0) {
      check<store::alive_payload>(*node, "restart its node");
    }
  }
  if (const auto* pools = all_.find(tree_.pools())) {
    check<store::pools_payload>(*pools, "switch all jobs on or off, which replaces it");
  }
  for (const auto* node : all_.below(tree_.pools())) {
    check<store::pool_payload>(*node, "the nodes that offer the job write it anew: register it again");
  }
  const std::string followed = "nodes go on with what they followed: ";
  for (const auto* node : all_.below(tree_.jobs())) {
    check<store::job_payload>(*node, followed + "mend it, or remove it to have it made anew");
    if (const auto* config = all_.find(tree_.job_config(job_id{std::string{store::name_of(node->path)}}))) {
      check<store::config_payload>(*config, followed + "configure the job anew");
    }
  }
  for (const auto* node : all_.below(tree_.submissions())) {
    check<store::submission_payload>(*node, "no node deploys it: remove it, and submit the job anew");
  }
  if (const auto* model = all_.find(tree_.model())) {
    check<store::model_payload>(*model, "the leader writes it anew with its next plan");
  }
  for (const auto* node : all_.below(tree_.marks())) {
    const auto p = store::decode<store::mark_payload>(node->data, node->path);
    if (node->code == rc::ok && !p) {
      tell({finding_level::warning, finding_rule::malformed_mark, node->path, p.error().text,
            "it counts as no mark: remove it, and mark the worker again"},
           {bump(tree_.worker_version()), store::remove_op{node->path, node->stat.version}});
    }
  }
}

// -- locks --------------------------------------------------------------------------

void doctor::look_at_locks() {
  for (const auto* folder : all_.below(tree_.locks())) {
    const job_id job{std::string{store::name_of(folder->path)}};
    look_at_lock_folder(job, *folder);
    for (const auto* lock : all_.below(folder->path)) {
      look_at_lock(job, *lock);
    }
  }
}

void doctor::look_at_lock_folder(const job_id& job, const tree_record& folder) {
  if (folder.children.empty() && folder.code == rc::ok && all_.is_missing(tree_.pool(job))) {
    const auto* worker_version = all_.find(tree_.worker_version());
    tell({finding_level::note, finding_rule::empty_lock_folder, folder.path, "it is empty, and its job is not there",
          "the leader removes it when it cleans up"},
         {store::check_op{tree_.worker_version(), worker_version != nullptr ? worker_version->stat.version : 0},
          store::remove_op{folder.path, folder.stat.version}});
  }
}

void doctor::look_at_lock(const job_id& job, const tree_record& lock) {
  const auto item = store::item_of_lock_name(store::name_of(lock.path));
  if (!item) {
    foreign(lock.path, "the name is none of a lock");
    return;
  }
  if (lock.code != rc::ok) {
    return;
  }
  const auto p = store::decode<store::lock_payload>(lock.data, lock.path);
  if (!p) {
    tell({finding_level::error, finding_rule::malformed_lock, lock.path, p.error().text,
          "nobody can tell whose it is, so it is not broken: remove it when you are sure that nothing runs with it"},
         {bump(tree_.assignment_version()), store::remove_op{lock.path, lock.stat.version}});
    return;
  }
  const bool registered = !all_.is_missing(tree_.worker(p->worker));
  if (!all_.is_alive(p->worker)) {
    tell(
      {registered ? finding_level::note : finding_level::warning,
       registered ? finding_rule::orphaned_lock : finding_rule::foreign_lock, lock.path,
       "its holder \"" + p->worker + "\" is " + (registered ? "gone" : "nobody that has registered"),
       "the leader breaks it " + std::to_string(p->detach_ms) + " ms after it has seen that; if not, see its status"});
  } else if (*item != preparation_item && all_.is_missing(tree_.pool(job, *item))) {
    tell({finding_level::note, finding_rule::stray_lock, lock.path, "its item is not in the work pool",
          "its holder \"" + p->worker + "\" gives it back when its run has ended"});
  }
}

// -- assignments --------------------------------------------------------------------

void doctor::look_at_assignments() {
  for (const auto* worker : all_.below(tree_.workers())) {
    const node_id id{std::string{store::name_of(worker->path)}};
    if (const auto* assigned = all_.find(tree_.assigned(id))) {
      for (const auto* folder : all_.below(assigned->path)) {
        look_at_assigned(id, *folder, *assigned);
      }
    }
  }
}

void doctor::look_at_assigned(const node_id& worker, const tree_record& folder, const tree_record& assigned) {
  const job_id job{std::string{store::name_of(folder.path)}};
  if (folder.children.empty() && folder.code == rc::ok && all_.is_missing(tree_.pool(job))) {
    tell({finding_level::note, finding_rule::empty_assigned_folder, folder.path,
          "it is empty, and its job is not there", "the leader removes it when it cleans up"},
         {bump(tree_.assignment_version()), store::remove_op{folder.path, folder.stat.version}});
  }
  for (const auto* node : all_.below(folder.path)) {
    const item_id item{std::string{store::name_of(node->path)}};
    if (item != preparation_item && all_.is_missing(tree_.pool(job, item))) {
      tell({finding_level::warning, finding_rule::stray_assignment, node->path, "its item is not in the work pool",
            "the leader removes it with its next plan"},
           {bump(tree_.assignment_version()), store::set_op{assigned.path, assigned.data, assigned.stat.version},
            store::remove_op{node->path, node->stat.version}});
      continue;
    }
    const auto [owner, first] = owners_.emplace(item_ref{job, item}, worker);
    if (!first) {
      tell({finding_level::error, finding_rule::assigned_twice, node->path,
            "the item is assigned to worker \"" + owner->second + "\" as well",
            "the leader settles it with its next plan; its lock keeps them apart meanwhile"});
    }
  }
}

// -- access ---------------------------------------------------------------

void doctor::look_at_access() {
  const tree_record* open = nullptr;
  std::size_t closed = 0;
  for (const auto& r : all_.records()) {
    if (r.code == rc::no_auth) {
      tell({finding_level::error, finding_rule::hidden_node, r.path, "this account may not read it",
            "use the digest of the nodes, or let the account read the tree"});
    } else if (r.open) {
      open = open == nullptr ? &r : open;
    } else {
      ++closed;
    }
  }
  if (open != nullptr && closed > 0) {
    tell({finding_level::warning, finding_rule::mixed_access, open->path,
          "everybody may change it, and " + std::to_string(closed) + " other nodes of the tree are closed",
          "stop all nodes and start one with store.secure_tree"});
  }
}

} // namespace

std::vector<diagnosis> examine_tree(const store::tree_schema& tree, const std::vector<tree_record>& records,
                                    const std::string& who) {
  return doctor{tree, records, who}.examine();
}

} // namespace djm
