#include "test/sim/state_rules.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "zkstore/payloads.hpp"

namespace djm::sim {

namespace {

using change_kind = store::node_change::kind;

std::string text_of(const std::optional<bytes>& state) {
  return state ? std::string(state->data.begin(), state->data.end()) : std::string{};
}

std::string key_of(const item_ref& item) {
  return item.job + "/" + item.item;
}

} // namespace

void state_rules::sees(const store::node_change& change, const tree_event& e, store::zxid_t zxid, bool lawless,
                       const say& f) {
  if (e.what == tree_event::kind::lock_made) {
    last_lock_[e.key] = zxid;
  }
  const auto folder = tree_.states() + "/";
  if (change.path.compare(0, folder.size(), folder) != 0 || change.what == change_kind::access) {
    return;
  }
  const auto key = change.path.substr(folder.size());
  const auto slash = key.find('/');
  if (slash == std::string::npos || store::item_of_slot_name(key.substr(slash + 1))) {
    return; // the folder of a job, or what is remembered of slots (memory_rules.hpp)
  }
  auto& h = items_[key];
  if (change.what == change_kind::remove) {
    h.record.reset();
    h.states.emplace_back();
    return;
  }
  const auto next = store::decode<store::state_payload>(change.data, change.path);
  if (!next) {
    h.spoiled = true;
    return;
  }
  const bool was_spoiled = std::exchange(h.spoiled, false);
  if (!lawless && !was_spoiled) {
    changed(h, key, *next, f);
  }
  h.record = *next;
  h.states.push_back(text_of(next->state));
}

void state_rules::changed(item_history& h, const std::string& key, const store::state_payload& next, const say& f) {
  const auto before = h.record.value_or(store::state_payload{});
  const auto state = text_of(next.state);
  if (next.token < before.token) {
    f(fmt::format("the state of {} falls from turn {} to {}", key, before.token, next.token));
  }
  if (next.saved_by.empty()) {
    ++counts_.orders;
    if (next.epoch <= before.epoch) {
      f(fmt::format("an order sets the state of {} and leaves its epoch at {}", key, next.epoch));
    }
    return;
  }
  ++counts_.saves;
  if (const auto lock = last_lock_.find(key); lock != last_lock_.end() && next.token < lock->second) {
    f(fmt::format("turn {} saves the state \"{}\" of {}, which turn {} has locked since", next.token, state, key,
                  lock->second));
  }
  if (next.seq != before.seq + 1 || (h.record && next.epoch != before.epoch)) {
    f(fmt::format("a save of {} goes from number {} and epoch {} to {} and {}", key, before.seq, before.epoch, next.seq,
                  next.epoch));
  }
  if (refused_.count(state) > 0) {
    f(fmt::format("the state \"{}\" of {} was told as refused, and comes all the same", state, key));
  }
}

void state_rules::asked(std::uint64_t wish, const item_ref& item, std::optional<std::string> save) {
  questions_[wish] = {item, std::move(save), items_[key_of(item)].states.size() - 1};
}

void state_rules::told(std::uint64_t wish, const state_reply::answer& what, const say& f) {
  const auto asked = questions_.extract(wish);
  if (asked.empty()) {
    return; // of a history that is gone
  }
  const auto& q = asked.mapped();
  const auto key = key_of(q.item);
  const auto& states = items_[key].states;
  const auto seen = [&](const std::string& x) {
    return std::find(states.begin() + static_cast<std::ptrdiff_t>(q.since), states.end(), x) != states.end();
  };
  if (!q.save) {
    counts_.loads += what ? 1 : 0;
    if (what && !seen(text_of(*what))) {
      f(fmt::format("\"{}\" is loaded of {}, which was over before", text_of(*what), key));
    }
  } else if (what) {
    if (!seen(*q.save)) {
      f(fmt::format("the state \"{}\" of {} is told to be saved, and was never there", *q.save, key));
    }
  } else if (what.error().code == errc::unknown_outcome) {
    ++counts_.unknown;
  } else {
    ++counts_.refused;
    // An order that comes over a save in doubt makes it a conflict, whether it was there before or not.
    const bool there = what.error().code == errc::conflict ? states.back() == *q.save : seen(*q.save);
    if (there) {
      f(fmt::format("the state \"{}\" of {} is told as {}, and is there", *q.save, key, to_string(what.error().code)));
    }
    refused_.insert(*q.save);
  }
}

void state_rules::history_begins() {
  items_.clear();
  last_lock_.clear();
  questions_.clear();
  refused_.clear();
}

} // namespace djm::sim
