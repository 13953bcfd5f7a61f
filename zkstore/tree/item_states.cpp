#include "zkstore/tree/item_states.hpp"

#include <utility>

#include "zkstore/tree/job_records.hpp"

namespace djm::store {

state_reads::state_reads(const tree_schema& tree, item_ref about, read_batch& ask)
  : item(std::move(about)), state(ask.get(tree.state(item))), folder(ask.exists(tree.states(item.job))) {}

state_question::state_question(const tree_schema& tree, item_ref about, read_batch& ask)
  : saved(tree, std::move(about), ask), job(ask.get(tree.job(saved.item.job))) {}

expected<void> check_state_size(const item_ref& item, std::size_t size) {
  if (size > max_item_state) {
    return fail(errc::too_large, "the state of item \"" + item.item + "\" of job \"" + item.job + "\" has " +
                                   std::to_string(size) + " bytes; at most " + std::to_string(max_item_state) +
                                   " can be saved");
  }
  return {};
}

item_state shown_state(const state_payload& p, std::int32_t version) {
  item_state x;
  x.state = p.state;
  x.version = std::int64_t{version} + 1;
  x.token = p.saved_by.empty() ? 0 : p.token;
  x.saved_by = p.saved_by;
  x.saved_at_ms = p.saved_at_ms;
  return x;
}

std::vector<write_op> put_state(const tree_schema& tree, const item_ref& item, std::optional<std::int32_t> version,
                                bool folder, std::string data) {
  std::vector<write_op> ops;
  if (version) {
    ops.emplace_back(set_op{tree.state(item), std::move(data), *version});
    return ops;
  }
  if (!folder) {
    ops.emplace_back(create_op{tree.states(item.job), {}});
  }
  ops.emplace_back(create_op{tree.state(item), std::move(data)});
  return ops;
}

// -- operators ----------------------------------------------------------------------

namespace {

/// The job is there: it has a record that does not say that it was removed.
expected<void> check_job(const tree_schema& tree, const state_question& found) {
  const auto& job = found.saved.item.job;
  const auto record = read_payload<job_payload>(*found.job, tree.job(job));
  if (found.job->code != rc::ok || (record.value && record.value->state == record_state::removed)) {
    return fail(errc::unknown_job, "job \"" + job + "\" has no record in the cluster: no node has registered it");
  }
  return {};
}

} // namespace

expected<item_state> state_of(const tree_schema& tree, const state_question& found) {
  if (auto ok = check_job(tree, found); !ok) {
    return tl::make_unexpected(ok.error());
  }
  const auto& node = *found.saved.state;
  const auto p = read_payload<state_payload>(node, tree.state(found.saved.item));
  if (p.problem) {
    return tl::make_unexpected(*p.problem);
  }
  return p.value ? shown_state(*p.value, node.stat.version) : item_state{};
}

expected<state_change> carry_out(const tree_schema& tree, const state_order& order, const state_question& found,
                                 std::optional<std::int64_t> tried, std::int64_t wall_ms) {
  if (auto ok = check_job(tree, found); !ok) {
    return tl::make_unexpected(ok.error());
  }
  const auto& item = order.item;
  if (order.state) {
    if (auto ok = check_state_size(item, order.state->data.size()); !ok) {
      return tl::make_unexpected(ok.error());
    }
  }
  const auto& node = *found.saved.state;
  const auto named = "the state of item \"" + item.item + "\" of job \"" + item.job + "\"";
  const bool there = node.code == rc::ok;
  const auto version = there ? std::int64_t{node.stat.version} + 1 : 0;
  // What makes no sense is replaced. The fence that stood in it is lost with it, and not needed: a save of a turn that
  // is over names its session, which the store's part refuses, and a version of the data that this one overtakes.
  const auto read = read_payload<state_payload>(node, tree.state(item)).value;
  const bool usable = read.has_value();
  const auto now = read.value_or(state_payload{});
  if (tried && now.set_by == order.by) {
    if (now.saved_by.empty()) {
      return state_change{shown_state(now, node.stat.version), {}};
    }
    return state_change{item_state{order.state, *tried, 0, {}, wall_ms}, {}}; // done, and saved on top of since
  }
  if (tried && version >= *tried) {
    return fail(errc::unknown_outcome, named + " may or may not have been set, and has changed since: look again");
  }
  if (order.expected_version && *order.expected_version != version) {
    return fail(errc::conflict,
                named + " has version " + std::to_string(version) + ", not " + std::to_string(*order.expected_version));
  }
  auto next = now;
  // Where nothing is left to count on from, no turn may have seen the number before.
  next.epoch = usable ? now.epoch + 1 : wall_ms;
  next.state = order.state;
  next.saved_by = node_id{};
  next.saved_at_ms = wall_ms;
  next.set_by = order.by;
  state_change result;
  result.after = shown_state(next, static_cast<std::int32_t>(version));
  result.ops.emplace_back(check_op{tree.job(item.job), found.job->stat.version});
  auto put = put_state(tree, item, there ? std::optional{node.stat.version} : std::nullopt,
                       found.saved.folder->code == rc::ok, encode(next, node.data));
  for (auto& op : put) {
    result.ops.push_back(std::move(op));
  }
  return result;
}

} // namespace djm::store
