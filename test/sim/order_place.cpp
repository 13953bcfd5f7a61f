#include "test/sim/order_place.hpp"

#include <algorithm>

#include "zkstore/job_payloads.hpp"
#include "zkstore/payloads.hpp"
#include "zkstore/tree/job_records.hpp"

namespace djm::sim {

namespace {

using contents = order_place::contents;

template <class Payload>
Payload read_or(const contents& nodes, const std::string& path, Payload otherwise = {}) {
  const auto i = nodes.find(path);
  return i == nodes.end() ? otherwise : store::decode<Payload>(i->second, path).value_or(otherwise);
}

/// Whether an order stands in a record.
struct standing_in_record {
  const store::job_payload& record;
  const store::config_payload& config;

  const user_config& overrides() const {
    static const user_config none;
    const auto* ruling = store::find_spec(record, record.ruling);
    return ruling != nullptr ? ruling->overrides : none;
  }
  bool operator()(const store::order::override_spec& x) const {
    const auto all = x.replace ? x.overrides : overrides().merged(x.overrides).value_or(x.overrides);
    return overrides() == all;
  }
  bool operator()(const store::order::configure& x) const { return config.config == x.config; }
  bool operator()(const store::order::pause& x) const { return record.paused == x.paused; }
  bool operator()(const store::order::trigger& x) const {
    return std::any_of(record.triggers.begin(), record.triggers.end(), [&](const auto& t) { return t.id == x.id; });
  }
  bool operator()(const store::order::remove&) const { return record.state != record_state::open; }
  bool operator()(const store::order::prepare_again&) const { return record.generation > 0; }
};

/// Takes over from `now` what an order may change of a record.
struct own_part {
  const store::job_payload& now;
  store::job_payload& was;

  void operator()(const store::order::override_spec&) const {
    for (auto& s : was.lineage) {
      if (const auto* other = store::find_spec(now, s.hash); other != nullptr && s.hash == was.ruling) {
        s.overrides = other->overrides;
      }
    }
    slots_count_anew();
  }
  void operator()(const store::order::configure&) const {}
  void operator()(const store::order::pause&) const {
    was.paused = now.paused;
    slots_count_anew();
  }
  void operator()(const store::order::trigger&) const {
    was.triggers = now.triggers;
    ++was.triggered;
  }
  void operator()(const store::order::prepare_again&) const { was.generation = now.generation; }
  void operator()(const store::order::remove&) const {
    was.state = record_state::removing;
    was.since_ms = now.since_ms;
  }
  /// From another moment on, which is a later one.
  void slots_count_anew() const { was.slots_since_ms = std::max(was.slots_since_ms, now.slots_since_ms); }
};

/// Whether the order stands in the tree.
struct standing {
  const contents& nodes;
  const store::tree_schema& tree;

  bool operator()(const order_core::set_marks& x) const {
    const auto m = read_or<store::mark_payload>(nodes, tree.mark(x.worker));
    return x.wish.draining.value_or(m.draining) == m.draining && x.wish.cordoned.value_or(m.cordoned) == m.cordoned;
  }
  bool operator()(const order_core::switch_job& x) const {
    const auto path = tree.pool(x.job);
    return nodes.count(path) > 0 && read_or<store::pool_payload>(nodes, path).enabled == x.enabled;
  }
  bool operator()(const order_core::switch_all& x) const {
    return read_or<store::pools_payload>(nodes, tree.pools()).all_disabled == x.disabled;
  }
  bool operator()(const order_core::change_record& x) const {
    const auto path = tree.job(x.job);
    const auto record = read_or<store::job_payload>(nodes, path);
    const auto config = read_or<store::config_payload>(nodes, tree.job_config(x.job));
    return nodes.count(path) > 0 && std::visit(standing_in_record{record, config}, x.what);
  }
  bool operator()(const order_core::set_state& x) const {
    return read_or<store::state_payload>(nodes, tree.state(x.what.item)).state == x.what.state;
  }
  bool operator()(const order_core::submit& x) const {
    return read_or<store::submission_payload>(nodes, tree.submission(x.what.id)).request == x.what.request;
  }
  bool operator()(const order_core::mend&) const { return true; }
};

/// What the order is about.
struct subject_of {
  const store::tree_schema& tree;

  std::string operator()(const order_core::set_marks& x) const { return tree.mark(x.worker); }
  std::string operator()(const order_core::switch_job& x) const { return tree.pool(x.job); }
  std::string operator()(const order_core::switch_all&) const { return tree.pools(); }
  std::string operator()(const order_core::change_record& x) const { return tree.job(x.job); }
  std::string operator()(const order_core::set_state& x) const { return tree.state(x.what.item); }
  std::string operator()(const order_core::submit& x) const { return tree.submission(x.what.id); }
  std::string operator()(const order_core::mend&) const { return {}; }
};

/// Whether the order has left in its place what is not its own.
struct rest_kept {
  const contents& before;
  const contents& after;
  const store::tree_schema& tree;

  bool operator()(const order_core::set_marks& x) const {
    const auto path = tree.mark(x.worker);
    auto was = read_or<store::mark_payload>(before, path);
    was.draining = x.wish.draining.value_or(was.draining);
    was.cordoned = x.wish.cordoned.value_or(was.cordoned);
    return read_or<store::mark_payload>(after, path) == was;
  }
  bool operator()(const order_core::switch_job& x) const {
    const auto path = tree.pool(x.job);
    auto was = read_or<store::pool_payload>(before, path);
    was.enabled = x.enabled;
    return read_or<store::pool_payload>(after, path) == was;
  }
  bool operator()(const order_core::switch_all&) const { return true; }
  bool operator()(const order_core::change_record& x) const {
    const auto path = tree.job(x.job);
    auto was = read_or<store::job_payload>(before, path);
    const auto now = read_or<store::job_payload>(after, path);
    if (was.state != record_state::open || (x.expected_rev && *x.expected_rev != was.rev)) {
      return false;
    }
    ++was.rev;
    was.changed_by = now.changed_by;
    std::visit(own_part{now, was}, x.what);
    return now == was;
  }
  bool operator()(const order_core::set_state& x) const {
    const auto path = tree.state(x.what.item);
    const auto was = read_or<store::state_payload>(before, path);
    const auto now = read_or<store::state_payload>(after, path);
    return now.token == was.token && now.seq == was.seq; // the fence of the turn stays
  }
  bool operator()(const order_core::submit& x) const { return before.count(tree.submission(x.what.id)) == 0; }
  bool operator()(const order_core::mend&) const { return true; }
};

} // namespace

std::string order_place::subject(const order_core::order& what) const {
  return std::visit(subject_of{tree_}, what);
}

bool order_place::stands(const order_core::order& what, const contents& nodes) const {
  return std::visit(standing{nodes, tree_}, what);
}

bool order_place::keeps_the_rest(const order_core::order& what, const contents& before, const contents& after) const {
  return std::visit(rest_kept{before, after, tree_}, what);
}

std::int64_t order_place::rev_of(const job_id& job, const contents& nodes) const {
  const auto path = tree_.job(job);
  return nodes.count(path) > 0 ? read_or<store::job_payload>(nodes, path).rev : 0;
}

bool order_place::is_of_interest(const std::string& path) const {
  const auto below = [](const std::string& folder, const std::string& node) {
    return node.size() > folder.size() + 1 && node.compare(0, folder.size() + 1, folder + '/') == 0 &&
           node.find('/', folder.size() + 1) == std::string::npos;
  };
  constexpr std::string_view config = "/config";
  const auto of_config =
    path.size() > config.size() && path.compare(path.size() - config.size(), config.size(), config) == 0;
  const auto node = of_config ? path.substr(0, path.size() - config.size()) : path;
  return path == tree_.pools() || below(tree_.pools(), path) || below(tree_.marks(), path) || below(tree_.jobs(), node);
}

} // namespace djm::sim
