#include "actors/keeper/tree/tree_base.hpp"

#include <algorithm>
#include <utility>

#include "zkstore/job_payloads.hpp"
#include "zkstore/tree/records.hpp"

namespace djm {

using store::rc;
using topic = keeper_topic;

std::vector<std::string> tree_base::paths() const {
  const auto& tree = life_.tree;
  return {tree.format(),       tree.alive(),          tree.latches(),
          tree.workers(),      tree.pools(),          tree.locks(),
          tree.pool_version(), tree.worker_version(), tree.assignment_version(),
          tree.marks(),        tree.jobs(),           tree.jobs_version(),
          tree.states(),       tree.refusals()};
}

void tree_base::doubt(const store::conflict* met) {
  if (met != nullptr && met->code == rc::no_node) {
    prepared_ = false;
    member_.base_in_doubt();
  }
}

// -- the base -----------------------------------------------------------------------

void tree_base::start(keeper_effects& out) {
  const auto& tree = life_.tree;
  read_batch ask;
  const slots answers{ask.get(tree.format()), ask.exists(tree.root()), ask.children(tree.latches()),
                      ask.each(paths(), [](const auto& path) { return store::exists(path); })};
  store_.read(topic::reading_base, ask, true, out, this, &tree_base::apply, answers);
}

void tree_base::apply(const slots& answers, step s, keeper_effects& out) {
  if (!check_format(*answers.format, s, out)) {
    return;
  }
  if (answers.root->code != rc::no_node) {
    make(answers, out);
    return;
  }
  read_batch ask;
  const auto way = ask.each(way_to_root(), [](const std::string& path) { return store::exists(path); });
  store_.read(topic::reading_root, ask, true, out, this, &tree_base::apply_way, way);
}

/// False: the tree is none of ours, or not yet.
bool tree_base::check_format(const store::read_result& node, step s, keeper_effects& out) {
  const auto path = life_.tree.format();
  const auto format = store::read_payload<store::format_payload>(node, path);
  if (format.problem) {
    store_.give_up({errc::format_mismatch, format.problem->text}, out);
    return false;
  }
  if (format.value && format.value->format == store::format_version - 1) {
    look_for_former(s, out);
    return false;
  }
  store_.relieve("layout", out);
  if (format.value && format.value->format != store::format_version) {
    store_.give_up({errc::format_mismatch, path + ": the tree has layout " + std::to_string(format.value->format) +
                                             ", this version of djm reads and writes layout " +
                                             std::to_string(store::format_version)},
                   out);
    return false;
  }
  return true;
}

// -- a tree of the layout before --------------------------------------------------------

/// Nodes of the former layout would not see what this one writes: they have to be gone before it is raised. One that
/// comes later is refused by the number it finds. The version of the workers is read before who is alive, and whoever
/// joins bumps it.
void tree_base::look_for_former(step, keeper_effects& out) {
  const auto& tree = life_.tree;
  read_batch ask;
  const auto format = ask.get(tree.format());
  const auto version = ask.exists(tree.worker_version());
  const auto alive = ask.children(tree.alive());
  store_.read(topic::reading_base, ask, true, out, this, &tree_base::apply_former, format, version, alive);
}

void tree_base::apply_former(const read_slot& format, const read_slot& worker_version, const read_slot& alive, step,
                             keeper_effects& out) {
  read_batch ask;
  const auto lives =
    ask.each(to_ids<node_id>(alive->children), [this](const node_id& id) { return store::get(life_.tree.alive(id)); });
  if (ask.empty()) {
    ask.exists(life_.tree.alive());
  }
  store_.read(topic::reading_base, ask, false, out, this, &tree_base::raise_format, format, worker_version, lives);
}

void tree_base::raise_format(const read_slot& format, const read_slot& worker_version, const read_slots<node_id>& lives,
                             step s, keeper_effects& out) {
  const auto path = life_.tree.format();
  std::string former;
  for (const auto& [id, shown] : lives) {
    const auto alive = store::read_alive(*shown, life_.tree.alive(id));
    if (alive.shown == store::presence::held &&
        (!alive.life.value || alive.life.value->layout < store::format_version)) {
      former += (former.empty() ? "" : ", ") + id;
    }
  }
  if (!former.empty()) {
    store_.complain("layout",
                    {errc::format_mismatch, path + ": nodes of the layout before " +
                                              std::to_string(store::format_version) + " are alive: " + former +
                                              "; this node joins, and raises the layout, when they have stopped"},
                    out);
    store_.retry(s);
    return;
  }
  keeper_txn txn;
  if (worker_version->code == rc::ok) {
    txn.add(store::check_op{life_.tree.worker_version(), worker_version->stat.version});
  }
  txn.add(store::set_op{path, store::encode(store::format_payload{}, format->data), format->stat.version});
  store_.commit(topic::writing_base, std::move(txn), out, this, &tree_base::written);
}

void tree_base::make(const slots& answers, keeper_effects& out) {
  const auto& tree = life_.tree;
  keeper_txn txn;
  bool from_zero = false;
  for (const auto& [path, node] : answers.nodes) {
    if (node->code == rc::no_node) {
      txn.add(store::create_op{path, first_data(path)});
      from_zero = from_zero || path == tree.worker_version() || path == tree.assignment_version();
    }
  }
  if (from_zero) {
    end_all_terms(answers.latches->children, txn);
  }
  if (txn.size() > 0) {
    store_.commit(topic::writing_base, std::move(txn), out, this, &tree_base::written);
    return;
  }
  prepared_ = true;
  member_.base_there();
}

std::string tree_base::first_data(const std::string& path) {
  const auto& tree = life_.tree;
  const bool version =
    path == tree.pool_version() || path == tree.worker_version() || path == tree.assignment_version();
  return version                       ? life_.bump()
         : path == tree.format()       ? store::encode(store::format_payload{})
         : path == tree.pools()        ? store::encode(store::pools_payload{})
         : path == tree.jobs_version() ? store::encode(store::jobs_version_payload{life_.bump_name(), {}})
                                       : std::string{};
}

/// A version node that is made anew counts from zero, so what a leader sent before it was lost could match again, and
/// break a lock that is somebody else's by now. No leader outlives the node: its latch goes in the same multi. Who
/// leads is always among the lowest.
void tree_base::end_all_terms(const std::vector<std::string>& latches, keeper_txn& txn) const {
  auto names = latches;
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return store::sequence_of(a).value_or(-1) < store::sequence_of(b).value_or(-1);
  });
  for (const auto& name : names) {
    if (txn.size() >= store_.most_ops()) {
      break;
    }
    txn.add(store::remove_op{life_.tree.latch(name)});
  }
}

/// Whatever became of it, reading the base again tells what is there now.
void tree_base::written(const keeper_outcome& o, step s, keeper_effects&) {
  if (!o.committed()) {
    store_.retry(s);
  }
}

// -- the way to the root --------------------------------------------------------------

std::vector<std::string> tree_base::way_to_root() const {
  std::vector<std::string> way;
  const auto& root = life_.tree.root();
  for (std::size_t i = 1; i < root.size(); ++i) {
    i = std::min(root.find('/', i), root.size());
    way.push_back(root.substr(0, i));
  }
  return way;
}

/// Only what is missing is made, and nothing above the root belongs to us: others may own what is there, and put trees
/// of their own beside ours.
void tree_base::apply_way(const read_slots<std::string>& way, step s, keeper_effects& out) {
  std::vector<std::string> missing;
  for (const auto& [path, node] : way) {
    if (node->code == rc::no_node) {
      missing.push_back(path);
    } else {
      missing.clear();
    }
  }
  if (missing.empty()) {
    store_.retry(s); // it has come meanwhile
    return;
  }
  const auto& topmost = missing.front();
  keeper_txn txn;
  txn.add(store::create_op{topmost, {}, store::create_mode::persistent, missing.size() > 1});
  store_.commit(topic::writing_root, std::move(txn), out, this, &tree_base::way_written, topmost);
}

void tree_base::way_written(const std::string& made, const keeper_outcome& o, step s, keeper_effects& out) {
  if (o.committed()) {
    return;
  }
  if (const auto* no = o.rejected(); no != nullptr && no->why.code == errc::no_permission) {
    store_.refused("writing", "creating \"" + made + "\" is not permitted: " + no->why.text, s, out);
  } else if (o.conflict() == nullptr || o.conflict()->code != rc::node_exists) {
    store_.retry(s);
  }
}

} // namespace djm
