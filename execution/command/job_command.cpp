#include "execution/command/job_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "execution/command/command_rules.hpp"
#include "execution/wire/lifeline.hpp"

namespace djm::exec {

duration job_commands::postponed(const std::string& items) {
  std::lock_guard<std::mutex> guard{mutex_};
  auto& n = in_a_row_[items];
  if (n >= options_.most_postponed) {
    in_a_row_.erase(items);
    return duration::zero();
  }
  auto pause = duration{options_.postpone};
  for (std::uint32_t i = 0; i < n && pause < std::chrono::hours{24}; ++i) {
    pause *= 2;
  }
  ++n;
  return std::min<duration>(pause, std::chrono::hours{24});
}

void job_commands::not_postponed(const std::string& items) {
  std::lock_guard<std::mutex> guard{mutex_};
  in_a_row_.erase(items);
}

/// Items of a share change; there is one such run at a time, or a few.
std::string job_command::key() const {
  return shares() ? std::string{} : run_->context().items().front().id.str();
}

void job_command::begin() {
  began_ = boot_nanoseconds();
  const auto& o = of_->options();
  const auto& by = of_->by();
  if (by->held_by() < o.least) {
    return decline(
      fmt::format("it needs containment {}, and this node has {}", to_string(o.least), to_string(by->held_by())));
  }
  auto prepared = prepare_command(by->inside(), make_launch(), shared_from_this());
  if (!prepared) {
    if (prepared.error().code == errc::backlog_full) {
      throw retry_later{std::chrono::seconds{1}};
    }
    throw std::runtime_error{prepared.error().text};
  }
  command_ = std::move(*prepared);
  // In this order: it starts with the lease as it is, and what shortens that from now on reaches it.
  run_->follow_lease(command_);
  stop_ = run_->context().on_stop([weak = std::weak_ptr<command_run>{command_}, grace = o.stop_grace](stop_reason) {
    if (const auto command = weak.lock()) {
      command->stop(grace);
    }
  });
  if (auto ok = command_->start(); !ok) {
    stop_ = {};
    command_ = nullptr; // which has us
    if (ok.error().code == errc::backlog_full) {
      throw retry_later{std::chrono::seconds{1}};
    }
    throw std::runtime_error{ok.error().text};
  }
}

launch job_command::make_launch() const {
  const auto& o = of_->options();
  auto who = look_up_user(o.user);
  if (!who) {
    throw std::runtime_error{"command: " + who.error().text};
  }
  const auto& ctx = run_->context();
  launch l;
  l.what = make_order(o);
  l.what.switch_user = who->switches;
  l.what.uid = who->uid;
  l.what.gid = who->gid;
  l.what.groups = who->groups;
  l.what.environment = make_environment(o, *who, variables());
  l.log_name = shares() ? ctx.job().str() : ctx.job().str() + "/" + ctx.items().front().id.str();
  l.ready_timeout = o.ready_timeout;
  if (o.input == command_input::json) {
    std::map<item_id, bytes> states;
    for (const auto& w : o.load_states ? ctx.items() : std::vector<work_item>{}) {
      auto state = run_->context().load(w.id);
      if (!state) {
        throw std::runtime_error{
          fmt::format("the state of item \"{}\" cannot be loaded: {}", w.id, state.error().text)};
      }
      if (*state) {
        states[w.id] = std::move(**state);
      }
    }
    l.input = make_input(ctx, fmt::format("{}", ctx.run()), states);
  }
  return l;
}

std::map<std::string, std::string> job_command::variables() const {
  const auto& ctx = run_->context();
  std::map<std::string, std::string> v{{"DJM_JOB", ctx.job().str()},
                                       {"DJM_ATTEMPT", std::to_string(ctx.attempt())},
                                       {"DJM_CONFIG_REV", std::to_string(ctx.config_rev())}};
  if (const auto& node = node_of(*of_->by()->inside()); !node.empty()) {
    v["DJM_NODE"] = node;
  }
  if (const auto slot = ctx.slot()) {
    v["DJM_SLOT"] = std::to_string(slot->time_since_epoch().count());
  }
  if (!shares()) {
    v["DJM_ITEM"] = ctx.items().front().id.str();
    v["DJM_TOKEN"] = std::to_string(ctx.items().front().token);
  }
  return v;
}

void job_command::on_line(const line& l) {
  auto& ctx = run_->context();
  const auto word = read_word(l, ctx.items());
  if (!word) {
    wrong_ = wrong_.empty() ? word.error().text : wrong_;
    return;
  }
  if (word->progress) {
    ctx.beat(word->progress->done, word->progress->total, readable(word->progress->text, 500));
  }
  if (word->save) {
    save(*word->save);
  }
  if (word->fail) {
    const item_id item{*word->fail->item};
    const auto text = readable(word->fail->text, 2000);
    word->fail->permanent ? ctx.fail_item_for_good(item, text) : ctx.fail_item(item, text);
  }
  if (word->ready.value_or(false)) {
    command_->ready();
  }
}

/// Waits for the store: what was saved is there before the items are given back.
void job_command::save(const save_word& word) {
  const auto saved = run_->context().save(item_id{*word.item}, word.text ? bytes_of(*word.text) : *word.base64);
  if (saved) {
    unsaved_.erase(*word.item);
  } else {
    unsaved_[*word.item] = saved.error().text;
  }
}

void job_command::on_lost() {
  run_->context().beat(0, 0, "containment_lost: its helper was killed, and it cannot be said that nothing is left");
}

void job_command::on_end(const command_end& end) {
  stop_ = {};
  try {
    finish(end);
  } catch (...) { // memory, say: the run has to end all the same
    run_->finish(std::current_exception());
  }
  command_ = nullptr;
}

void job_command::finish(const command_end& end) {
  for (const auto& [item, why] : unsaved_) {
    wrong_ = wrong_.empty() ? fmt::format("the state of item \"{}\" was not saved: {}", item, why) : wrong_;
  }
  const auto& o = of_->options();
  auto v = judge(end, o.program.front(), wrong_);
  if (o.start_time > duration::zero() && end.started) {
    v = judge_service(std::move(v), std::chrono::nanoseconds{boot_nanoseconds() - began_}, o.start_time);
  }
  // Whoever is asked to stop has not failed by not coming to an end. That a save was lost is said all the same.
  if (run_->context().stop_requested() && v.what != verdict::kind::declined && unsaved_.empty()) {
    run_->finish();
  } else {
    conclude(v);
  }
}

void job_command::conclude(const verdict& v) {
  if (v.what != verdict::kind::postponed) {
    of_->not_postponed(key());
  }
  const auto failure = [&] { return std::make_exception_ptr(std::runtime_error{v.text}); };
  switch (v.what) {
  case verdict::kind::finished: return run_->finish();
  case verdict::kind::failed: return run_->finish(failure());
  case verdict::kind::failed_for_good: return run_->finish(std::make_exception_ptr(permanent_failure{v.text}));
  case verdict::kind::declined: return decline(v.text);
  case verdict::kind::postponed:
    const auto pause = of_->postponed(key());
    return run_->finish(pause > duration::zero() ? std::make_exception_ptr(retry_later{pause}) : failure());
  }
}

/// This node cannot run it, and another one may.
void job_command::decline(const std::string& why) {
  auto& ctx = run_->context();
  for (const auto& w : ctx.items()) {
    ctx.decline(w.id, why);
  }
  run_->finish();
}

} // namespace djm::exec
