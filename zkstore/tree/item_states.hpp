#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "djm/item_state.hpp"
#include "zkstore/job_payloads.hpp"
#include "zkstore/tree/read_batch.hpp"
#include "zkstore/tree/records.hpp"
#include "zkstore/tree_schema.hpp"

/// The saved states of items: how they are read, and what is written, whoever does it. Pure; protocol §4.12 says who
/// may do what.
namespace djm::store {

/// The reads of what is saved of an item.
struct state_reads {
  state_reads(const tree_schema& tree, item_ref about, read_batch& ask);

  item_ref item;
  read_slot state, folder;
};

/// What is saved, as people see it: `version` is that of the data.
item_state shown_state(const state_payload& p, std::int32_t version);

/// Puts the record of an item in its place: `version` of the one that is there; nothing: none is, and neither is the
/// folder of its job unless `folder`.
std::vector<write_op> put_state(const tree_schema& tree, const item_ref& item, std::optional<std::int32_t> version,
                                bool folder, std::string data);

// -- operators ----------------------------------------------------------------------

/// What an operator wants to be saved of an item.
struct state_order {
  item_ref item;
  std::optional<bytes> state;
  /// `item_state::version` as it was seen; nothing: whatever there is.
  std::optional<std::int64_t> expected_version;
  /// Names the order.
  std::string by;
};

/// The reads that an operator's question or order takes.
struct state_question {
  state_question(const tree_schema& tree, item_ref about, read_batch& ask);

  state_reads saved;
  read_slot job;
};

/// What an order comes to: nothing to write where it has been carried out.
struct state_change {
  item_state after;
  std::vector<write_op> ops;
};

/// `unknown_job`: the job has no record, or was removed. `malformed_payload`.
expected<item_state> state_of(const tree_schema& tree, const state_question& found);

/// `tried`: an attempt has been made whose outcome is not known. One that somebody has changed since is not repeated,
/// for what was saved on top of it would be lost: `unknown_outcome`. `unknown_job`; `conflict` names the present
/// version; `too_large`. A record that makes no sense is replaced.
expected<state_change> carry_out(const tree_schema& tree, const state_order& order, const state_question& found,
                                 std::optional<std::int64_t> tried, std::int64_t wall_ms);

/// Whether a state of that size can be saved. `too_large` names size and limit.
expected<void> check_state_size(const item_ref& item, std::size_t size);

} // namespace djm::store
