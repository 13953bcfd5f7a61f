#include "test/sim/sim_executor.hpp"

#include <algorithm>
#include <utility>

namespace djm::sim {

void sim_executor::begin(accepted_run& r) {
  const auto id = r.order.id;
  auto& w = work_[id];
  if (const auto* code = dynamic_cast<const sim_job*>(r.order.code.get())) {
    w.manner = code->manner();
  }
  if (r.order.items.size() == 1 && r.order.items.front().id == preparation_item) {
    return prepare(r);
  }
  w.stubborn = chance_.permille(w.manner.stubborn);
  w.throws = chance_.permille(w.manner.throws);
  w.lets_go = !w.stubborn && chance_.permille(w.manner.lets_go);
  begin_watched(r);
  if (w.manner.declines > 0 && chance_.permille(w.manner.declines)) {
    decline_one(r);
  }
  schedule_end(id, timeline_.now + chance_.between(w.manner.least, w.manner.most));
  if (states_.ask && chance_.permille(w.manner.saves)) {
    const auto item = r.order.items[static_cast<std::size_t>(chance_.below(r.order.items.size()))];
    process_.later(timeline_.now + chance_.between(duration::zero(), w.manner.least), process::kind::code,
                   [this, id, item] { use_state(id, item, std::nullopt); });
  }
}

void sim_executor::begin_watched(const accepted_run& r) {
  observer_.run_began(process_, info_of(r));
  commands_.begin(r.order.id);
}

/// As the code of djm around `job::prepare` does: what is saved is read, something is done, and that is saved.
void sim_executor::prepare(accepted_run& r) {
  const auto id = r.order.id;
  if (const auto* code = dynamic_cast<const sim_job*>(r.order.code.get())) {
    work_[id].manner = code->manner();
  }
  work_[id].postponed = true; // unless an answer comes
  begin_watched(r);
  schedule_end(id, timeline_.now + std::chrono::seconds{4});
  work_[id].preparing = virtual_work::step::reading;
  ask_preparation(id, std::nullopt);
}

/// Each state that is saved is another one, so that it is known again.
void sim_executor::ask_preparation(run_id id, std::optional<std::string> save) {
  const auto& order = runs_.at(id).order;
  const auto number = std::uint64_t{process_.number()} << 32 | ++questions_;
  state_request r{{order.job, order.items.front().id}, order.items.front().token, std::nullopt, nullptr};
  const bool saves = save.has_value();
  if (save) {
    r.save = bytes_of(*save + "/" + std::to_string(number));
  }
  observer_.state_asked(process_, id, number, r);
  r.reply = std::make_shared<state_reply>(
    [this, here = std::weak_ptr<bool>{here_}, id, number](state_reply::answer a) {
      if (!here.expired()) {
        observer_.state_told(process_, id, number, a);
        prepared(id, a);
      }
    },
    saves);
  states_.ask(std::move(r));
}

void sim_executor::prepared(run_id id, const state_reply::answer& a) {
  using step = virtual_work::step;
  const auto found = work_.find(id);
  if (found == work_.end() || shut_ || process_.dead()) {
    return;
  }
  auto& w = found->second;
  if (w.preparing == step::reading && a) {
    const auto& saved = *a;
    const auto text = saved ? std::string(saved->data.begin(), saved->data.end()) : std::string{"0"};
    w.postponed = false;
    const bool done = std::stoll(text) >= runs_.at(id).order.purpose.generation;
    w.preparing = done ? step::over : step::working;
    schedule_end(id, timeline_.now + (done ? duration::zero() : chance_.between(w.manner.least, w.manner.most)));
  } else if (w.preparing == step::reading || w.preparing == step::saving) {
    w.postponed = !a;
    w.preparing = step::over;
    schedule_end(id, timeline_.now);
  }
}

/// What a run does that loads a state and then saves another one. It need not wait for the answer before it ends.
void sim_executor::use_state(run_id id, const work_item& item, std::optional<std::string> save) {
  const auto run = runs_.find(id);
  const auto holds = [&](const work_item& w) { return w.id == item.id; };
  if (shut_ || process_.dead() || run == runs_.end() ||
      std::none_of(run->second.order.items.begin(), run->second.order.items.end(), holds)) {
    return;
  }
  const auto number = std::uint64_t{process_.number()} << 32 | ++questions_;
  const bool loads = !save;
  state_request r{{run->second.order.job, item.id}, item.token, std::nullopt, nullptr};
  if (save) {
    r.save = bytes_of(*save);
  }
  observer_.state_asked(process_, id, number, r);
  r.reply = std::make_shared<state_reply>(
    [this, here = std::weak_ptr<bool>{here_}, id, item, number, loads](state_reply::answer a) {
      if (here.expired()) {
        return;
      }
      observer_.state_told(process_, id, number, a);
      if (loads && a && !process_.dead() && !shut_) {
        process_.later(
          timeline_.now + chance_.between(duration::zero(), std::chrono::milliseconds{30}), process::kind::code,
          [this, id, item, number] { use_state(id, item, std::to_string(item.token) + "/" + std::to_string(number)); });
      }
    },
    !loads);
  states_.ask(std::move(r));
}

void sim_executor::decline_one(const accepted_run& r) {
  const auto& items = r.order.items;
  const auto& item = items[static_cast<std::size_t>(chance_.below(items.size()))].id;
  if (const auto* code = dynamic_cast<const sim_job*>(r.order.code.get()); code != nullptr && code->may_decline(item)) {
    process_.later(timeline_.now + chance_.between(duration::zero(), std::chrono::milliseconds{40}),
                   process::kind::code,
                   [this, id = r.order.id, item] { let_go(id, {item}, std::string{"not on this node"}); });
  }
}

void sim_executor::stop(accepted_run& r, stop_reason reason, std::vector<item_id> revoked) {
  const auto id = r.order.id;
  const auto& w = work_.at(id);
  if (reason == stop_reason::revoked && w.lets_go && !r.stopping && revoked.size() < r.order.items.size()) {
    return take_away(r, std::move(revoked));
  }
  if (std::exchange(r.stopping, true)) {
    return;
  }
  observer_.stop_asked(process_, id, reason);
  const auto obeys =
    timeline_.now + (w.stubborn ? w.manner.ignores_for : chance_.between(duration::zero(), w.manner.obeys_within));
  if (obeys < w.ends) {
    schedule_end(id, obeys);
  }
}

void sim_executor::take_away(accepted_run& r, std::vector<item_id> items) {
  if (const auto& w = work_.at(r.order.id); w.lets_go) {
    process_.later(timeline_.now + chance_.between(duration::zero(), w.manner.obeys_within), process::kind::code,
                   [this, id = r.order.id, items = std::move(items)] { let_go(id, items); });
  }
}

void sim_executor::call(std::function<void()> f) {
  if (!shut_) {
    later(std::move(f));
  }
}

void sim_executor::begin_call(std::string owner, std::function<void()> f) {
  const auto when = timeline_.now + chance_.between(duration::zero(), call_delay_);
  process_.later(when, process::kind::code, [this, owner = std::move(owner), f = std::move(f)] {
    if (hanging_.count(owner) > 0) {
      hung_.emplace(owner, f);
      return;
    }
    f();
    call_ended(owner);
  });
}

void sim_executor::release(const std::string& owner) {
  if (auto f = hung_.extract(owner); f && !shut_ && !process_.dead()) {
    begin_call(owner, std::move(f.mapped()));
  }
}

void sim_executor::freeze() {
  for (auto& [id, w] : work_) {
    process_.cancel(w.event);
    w.left = std::max(duration::zero(), w.ends - timeline_.now);
  }
}

void sim_executor::thaw() {
  // Whatever a run was about to do, it does not end before the others have had their look at the time.
  for (auto& [id, w] : work_) {
    schedule_end(id, timeline_.now + w.left + std::chrono::milliseconds{1});
  }
}

void sim_executor::vanish() {
  commands_.node_is_gone(std::chrono::seconds{5}); // longer than any lease lasts: that is what has to end them
  shut();
  for (const auto& [id, w] : std::exchange(work_, {})) {
    run_result gone;
    gone.id = id;
    observer_.run_ended(process_, gone);
  }
}

void sim_executor::schedule_end(run_id id, time_point when) {
  auto& w = work_.at(id);
  process_.cancel(w.event);
  w.ends = when;
  w.event = process_.later(when, process::kind::code, [this, id] { ends(id); });
}

void sim_executor::ends(run_id id) {
  using step = virtual_work::step;
  auto& w = work_.at(id);
  if (const auto& r = runs_.at(id); w.preparing == step::working && !r.stopping) {
    w.preparing = step::saving;
    w.postponed = true;
    schedule_end(id, timeline_.now + std::chrono::seconds{4});
    ask_preparation(id, std::to_string(r.order.purpose.generation));
    return;
  }
  run_result result;
  result.id = id;
  if (w.postponed) {
    result.again_in = std::chrono::seconds{1};
  }
  if (w.preparing == step::working) {
    result.failed = true;
    result.failure = "it was asked to stop";
  }
  if (work_.extract(id).mapped().throws) {
    result.failed = true;
    result.failure = "the run threw";
  }
  commands_.end(id);
  observer_.run_ended(process_, result);
  finish(std::move(result));
}

} // namespace djm::sim
