#include "testkit/lockstep_executor.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "testkit/user_code.hpp"

namespace djm::test {

namespace {

/// How long a thread takes to get to work, at most.
constexpr duration start_time = std::chrono::microseconds{200};

/// Does something however a call of user code ends, also when it ends its thread.
template <class F>
class at_end {
public:
  explicit at_end(F f) : f_(std::move(f)) {}
  ~at_end() { f_(); }
  at_end(const at_end&) = delete;
  at_end& operator=(const at_end&) = delete;

private:
  F f_;
};

} // namespace

lockstep_executor::lockstep_executor(sim::timeline& t, sim::process& p, lockstep& l, sim::run_observer& o,
                                     std::uint64_t seed, std::uint32_t max_threads, report_fn report,
                                     overrun_fn overrun)
  : virtual_executor(t, p, o, seed, max_threads),
    lockstep_(l),
    report_(std::move(report)),
    overrun_(std::move(overrun)),
    clock_(std::make_shared<virtual_clock>(p, l)) {}

void lockstep_executor::begin(accepted_run& r) {
  const auto id = r.order.id;
  auto order = r.order;
  order.code = std::make_shared<user_code>(std::exchange(r.order.code, nullptr), *clock_);
  contexts_[id] = std::make_shared<run_context>(std::move(order), services());
  const auto when = timeline_.now + chance_.between(duration::zero(), start_time);
  process_.later(when, sim::process::kind::code, [this, id] { execute(id); });
}

void lockstep_executor::execute(run_id id) {
  auto& r = runs_.at(id);
  r.began = process_.local_now();
  const auto run = contexts_.at(id);
  const bool watched = !r.order.question; // answers to questions are no runs to those who watch
  if (watched) {
    observer_.run_began(process_, info_of(r));
  }
  if (watched && r.stopping) {
    observer_.stop_asked(process_, id, run->reason());
  }
  const auto* what = watched ? "run" : "question";
  lockstep_.run(fmt::format("{} {} of job \"{}\" on {}", what, id, run->job(), process_.node()), [this, run, watched] {
    virtual_clock::seat here{*clock_};
    run_result result;
    result.id = run->run();
    result.failed = true;
    result.failure = "its thread was ended (pthread_exit or cancellation)";
    const at_end told{[&] {
      if (lockstep_.ending()) {
        return;
      }
      if (watched) {
        observer_.run_ended(process_, result);
      }
      later([this, result] {
        contexts_.erase(result.id);
        finish(result);
      });
    }};
    result = run->execute();
  });
}

void lockstep_executor::stop(accepted_run& r, stop_reason reason, std::vector<item_id> revoked) {
  if (!std::exchange(r.stopping, true) && !r.order.question) {
    observer_.stop_asked(process_, r.order.id, reason);
  }
  const auto run = contexts_.at(r.order.id);
  run->request_stop(reason, revoked);
}

void lockstep_executor::take_away(accepted_run& r, std::vector<item_id> items) {
  contexts_.at(r.order.id)->tell_revoked(items);
}

running_info lockstep_executor::info_of(const accepted_run& r) const {
  auto info = virtual_executor::info_of(r);
  if (const auto run = contexts_.find(r.order.id); run != contexts_.end()) {
    auto [beat, progress] = run->second->last_beat();
    info.beat = std::max(info.began, beat);
    info.progress = std::move(progress);
  }
  return info;
}

void lockstep_executor::overrun(const running_info& r) {
  if (overrun_) {
    overrun_(r);
  }
}

void lockstep_executor::call(std::function<void()> f) {
  soon(fmt::format("a plan on {}", process_.node()), [this, f = std::move(f)] { contain(f); });
}

void lockstep_executor::begin_call(std::string owner, std::function<void()> f) {
  soon(fmt::format("a pool function or another short call of user code (\"{}\") on {}", owner, process_.node()),
       [this, owner, f = std::move(f)] {
         const at_end next_one{[&] {
           if (!lockstep_.ending()) {
             call_ended(owner);
           }
         }};
         contain(f);
       });
}

void lockstep_executor::contain(const std::function<void()>& f) {
  std::string text;
  try {
    if (!throws(f, text)) {
      return;
    }
  } catch (const abi::__forced_unwind&) {
    ++stats_.contained;
    report_("a call of user code has ended its thread (pthread_exit or cancellation)");
    throw;
  }
  ++stats_.contained;
  report_("a call of user code threw: " + text);
}

/// Calls `f` on a thread that runs cannot occupy.
void lockstep_executor::soon(std::string what, std::function<void()> f) {
  if (shut_) {
    return;
  }
  const auto when = timeline_.now + chance_.between(duration::zero(), start_time);
  process_.later(when, sim::process::kind::code, [this, what = std::move(what), f = std::move(f)]() mutable {
    if (shut_) {
      return;
    }
    lockstep_.run(std::move(what), [this, f = std::move(f)] {
      virtual_clock::seat here{*clock_};
      ++stats_.reserved_busy;
      const at_end free{[this] { --stats_.reserved_busy; }};
      f();
    });
  });
}

run_services lockstep_executor::services() {
  run_services s;
  s.clock = clock_;
  s.post = [this](std::function<void()> f) {
    soon(fmt::format("a stop callback on {}", process_.node()), std::move(f));
  };
  s.released = [this](run_id id, const item_id& item, const std::optional<std::string>& declined) {
    later([this, id, item, declined] { let_go(id, {item}, declined); });
  };
  s.ask_state = [this](state_request r) {
    if (!states_.ask || shut_) {
      return duration::zero();
    }
    later([ask = states_.ask, r = std::move(r)] { ask(r); });
    return states_.patience;
  };
  s.report = [this](const std::string& text) {
    ++stats_.contained;
    report_(text);
  };
  return s;
}

} // namespace djm::test
