#include "test/unit/cores/show.hpp"

#include <cmath>

#include "djm/text.hpp"

namespace djm::test {

namespace {

std::string below_root(const std::string& path) {
  const std::string root = "/djm/";
  return path.compare(0, root.size(), root) == 0 ? path.substr(root.size()) : path;
}

template <class Strings>
std::string list(const Strings& xs) {
  std::string text;
  for (const auto& x : xs) {
    text += (text.empty() ? "" : " ") + x;
  }
  return text;
}

std::string list(const std::vector<work_item>& xs) {
  std::string text;
  for (const auto& x : xs) {
    text += (text.empty() ? "" : " ") + x.id + "#" + std::to_string(x.token);
  }
  return text;
}

std::string in_seconds(time_point t) {
  return std::to_string(std::llround(std::chrono::duration<double, std::milli>(t.time_since_epoch()).count())) + "ms";
}

struct op_text {
  std::string operator()(const store::check_op& x) const { return "check " + below_root(x.path) + version(x.version); }
  std::string operator()(const store::create_op& x) const {
    const bool ephemeral =
      x.mode == store::create_mode::ephemeral || x.mode == store::create_mode::ephemeral_sequential;
    return (ephemeral ? "create~ " : "create ") + below_root(x.path);
  }
  std::string operator()(const store::set_op& x) const { return "set " + below_root(x.path) + version(x.version); }
  std::string operator()(const store::remove_op& x) const {
    return "remove " + below_root(x.path) + version(x.version);
  }
  std::string operator()(const store::secure_op& x) const { return "secure " + below_root(x.path); }

  static std::string version(std::int32_t v) { return v == store::any_version ? "" : "@" + std::to_string(v); }
};

} // namespace

std::string show(const store::transaction& txn) {
  std::string text;
  for (const auto& op : txn.ops) {
    text += (text.empty() ? "" : ", ") + std::visit(op_text{}, op);
  }
  return text;
}

std::string show(const std::vector<store::read_op>& reads) {
  std::string text;
  for (const auto& r : reads) {
    text += (text.empty() ? "" : ", ") + std::string{enum_text(r.kind)} + (r.watch ? "! " : " ") + below_root(r.path);
  }
  return text;
}

std::string show(const commit_effect& x) {
  return "commit[" + show(x.txn) + "]";
}
std::string show(const read_effect& x) {
  return (x.fresh ? "fresh[" : "read[") + show(x.reads) + "]";
}
std::string show(const emit_effect& x) {
  return std::visit([](const auto& e) { return to_text(e); }, x.what);
}
std::string show(const log_effect& x) {
  return "log " + x.text;
}

std::string show(const job_runner_core::start_run& x) {
  return "start " + std::to_string(x.id) + ": " + list(x.items);
}
std::string show(const job_runner_core::tell_run& x) {
  return "tell " + std::to_string(x.id) + ": " + list(x.revoked);
}
std::string show(const job_runner_core::stop_run& x) {
  return "stop " + std::to_string(x.id) + " " + to_string(x.reason) + (x.revoked.empty() ? "" : ": " + list(x.revoked));
}
std::string show(const job_runner_core::declined& x) {
  return "declined " + list(x.items) + " for " + format_duration(x.length) + ": " + x.why;
}
std::string show(const job_runner_core::released& x) {
  return "released " + list(x.items);
}
std::string show(const job_runner_core::cut_share& x) {
  return "cut " + std::to_string(x.request) + "? " + list(x.share);
}
std::string show(const job_runner_core::look_at_run& x) {
  return "look " + std::to_string(x.id);
}
std::string show(const job_runner_core::remember_run&) {
  return {};
}
std::string show(const job_runner_core::start_question& x) {
  return "ask " + std::to_string(x.id) + ": " + x.item.id + "#" + std::to_string(x.item.token);
}
std::string show(const job_runner_core::conclude_question& x) {
  return "answer " + std::to_string(x.id) + (x.instead ? " " + to_string(x.instead->code) : "");
}
std::string show(const job_runner_core::call_pool& x) {
  return "pool " + std::to_string(x.request) + "?";
}
std::string show(const job_runner_core::pool_ready& x) {
  return "pool = " + list(x.items);
}
std::string show(const job_runner_core::prepared& x) {
  return "prepared " + std::to_string(x.generation);
}
std::string show(const job_runner_core::check_config& x) {
  return "config " + std::to_string(x.request) + "?";
}
std::string show(const job_runner_core::take_config& x) {
  return "config of " + std::to_string(x.rev) + (x.empty ? ", empty" : "");
}

std::string show(const worker_core::grant& x) {
  return "grant " + x.job + ": " + list(x.items) + (x.more_to_come ? ", more to come" : "");
}
std::string show(const worker_core::revoke& x) {
  return "revoke " + x.job + " " + to_string(x.reason) + ": " + list(x.items);
}
std::string show(const worker_core::renew_lease& x) {
  return "lease " + in_seconds(x.run_until) + " " + in_seconds(x.deadline);
}
std::string show(const worker_core::not_alive&) {
  return "not alive";
}
std::string show(const slots_told& x) {
  static constexpr const char* words[] = {"known", "written", "superseded", "lost"};
  std::string text;
  for (const auto& a : x.answers) {
    text += (text.empty() ? "" : " ") + a.item + " " + words[static_cast<std::size_t>(a.what)] +
            (a.anew ? " anew" : "") + (a.unsure ? " unsure" : "");
    if (a.record) {
      text += " " + std::string{enum_text(a.record->mark)} + " " + std::to_string(a.record->slot) + "/" +
              std::to_string(a.record->attempt) + (a.writer_gone ? " by who is gone" : "");
    }
  }
  return text;
}
std::string show(const job_runner_core::ask_slot& x) {
  const auto& w = x.wish;
  if (!w.write) {
    return "look " + w.item;
  }
  return "write " + w.item + " " + std::string{enum_text(w.write->mark)} + " " + std::to_string(w.write->slot) + "/" +
         std::to_string(w.write->attempt);
}
std::string show(const state_answer& x) {
  const auto id = std::to_string(x.id) + ":";
  if (!x.what) {
    return id + to_string(x.what.error().code);
  }
  const auto& state = *x.what;
  return id + (state ? std::string(state->data.begin(), state->data.end()) : "ok");
}

std::string show(const worker_core::drained&) {
  return "drained";
}
std::string show(const worker_core::settled_changed& x) {
  return x.settled ? "settled" : "unsettled";
}

std::string show(const keeper_core::joined& x) {
  return "joined " + std::to_string(x.number);
}
std::string show(const keeper_core::unjoined&) {
  return "unjoined";
}
std::string show(const keeper_core::start_probing& x) {
  return "probe " + below_root(x.path);
}
std::string show(const keeper_core::stop_probing&) {
  return "stop probing";
}
std::string show(const keeper_core::left&) {
  return "left";
}
std::string show(const keeper_core::read_older& x) {
  return x.found < x.seen ? "read older" : "read older?";
}

std::string show(const keeper_core::follow& x) {
  return "follow " + x.what.job + "@" + std::to_string(x.what.rev) + (x.what.rules ? "" : " of others") +
         (x.what.paused ? " paused" : "") + (x.what.triggers > 0 ? " triggered" : "");
}
std::string show(const keeper_core::job_ended& x) {
  return "ended " + x.job;
}
std::string show(const keeper_core::pool_changed& x) {
  return "pool changed: " + x.job + " at " + std::to_string(x.at);
}
std::string show(const keeper_core::failed& x) {
  return "failed " + to_string(x.why);
}

std::string show(const election_core::granted& x) {
  return "granted " + below_root(x.latch);
}
std::string show(const election_core::revoked&) {
  return "revoked";
}

std::string show(const manager_core::plan_request&) {
  return "plan?";
}
std::string show(const manager_core::strategy_request& x) {
  return x.question.strategy + "?";
}

std::string show(const deployer_core::make& x) {
  return "make " + x.what.id + " of " + x.kind;
}
std::string show(const deployer_core::register_made& x) {
  return "register " + x.id;
}
std::string show(const deployer_core::forget_made&) {
  return "forget";
}
std::string show(const deployer_core::withdraw& x) {
  return "withdraw " + x.id;
}

std::string show(const admin_core::done& x) {
  return std::to_string(x.id) + (x.result ? " done" : " " + to_string(x.result.error()));
}

std::string show(const admin_core::viewed& x) {
  return std::to_string(x.id) + " viewed";
}

} // namespace djm::test
