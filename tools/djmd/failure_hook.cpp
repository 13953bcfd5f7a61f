#include "tools/djmd/failure_hook.hpp"

#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "execution/command/command_rules.hpp"
#include "execution/launcher/launching.hpp"
#include "execution/wire/lifeline.hpp"

namespace djm::daemon {

struct failure_hook::shared {
  std::mutex mutex;
  std::uint32_t running = 0;
};

/// One start of the program.
class failure_hook::call final : public exec::command_listener, public std::enable_shared_from_this<call> {
public:
  explicit call(std::shared_ptr<shared> s) : shared_(std::move(s)) {}
  call(const call&) = delete;
  call& operator=(const call&) = delete;
  ~call() override {
    std::lock_guard<std::mutex> guard{shared_->mutex};
    --shared_->running;
  }

  /// An error, or empty.
  std::string start(const std::shared_ptr<launcher>& by, exec::launch what, duration timeout) {
    auto prepared = exec::prepare_command(by->inside(), std::move(what), shared_from_this());
    if (!prepared) {
      return prepared.error().text;
    }
    // It ends with this, whatever becomes of djmd.
    (*prepared)->lease_changed(time_point{std::chrono::nanoseconds{exec::boot_nanoseconds()}} + timeout);
    const auto ok = (*prepared)->start();
    return ok ? std::string{} : ok.error().text;
  }

private:
  void on_line(const exec::line&) override {}
  void on_lost() override {}
  void on_end(const exec::command_end& end) override {
    if (!end.how || end.how->signalled || end.how->code != 0) {
      std::cerr << "djmd: the program of [on_failure] "
                << (!end.how             ? std::string{"was not started"}
                    : end.how->signalled ? "was killed by signal " + std::to_string(end.how->code)
                                         : "ended with exit code " + std::to_string(end.how->code))
                << "\n";
    }
  }

  const std::shared_ptr<shared> shared_;
};

namespace {

bool has_failed(run_outcome o) {
  return o == run_outcome::failed || o == run_outcome::failed_for_good || o == run_outcome::timed_out;
}

/// What a command may have in its environment; the end of a long text is its output, which says most.
std::string short_text(const std::string& text) {
  constexpr std::size_t most = 4000;
  auto cut = text.size() <= most ? text : "..." + text.substr(text.size() - most);
  for (auto& c : cut) {
    c = c == '\0' ? '?' : c;
  }
  return cut;
}

std::map<std::string, std::string> variables(const past_run& r) {
  std::map<std::string, std::string> v{{"DJM_JOB", r.job.str()},
                                       {"DJM_NODE", r.node.str()},
                                       {"DJM_ATTEMPT", std::to_string(r.attempt)},
                                       {"DJM_OUTCOME", to_string(r.outcome)},
                                       {"DJM_ERROR", short_text(r.error)}};
  if (!r.items.empty()) {
    v["DJM_ITEM"] = r.items.front().id.str();
  }
  if (r.slot) {
    v["DJM_SLOT"] = std::to_string(*r.slot);
  }
  return v;
}

} // namespace

failure_hook::failure_hook(failure_table t, std::shared_ptr<launcher> by)
  : table_(std::move(t)), launcher_(std::move(by)), shared_(std::make_shared<shared>()) {}

failure_hook::~failure_hook() = default;

void failure_hook::tell(const past_run& r) {
  if (!has_failed(r.outcome)) {
    return;
  }
  const auto complain = [&](const std::string& why) {
    std::cerr << "djmd: nobody was told that job " << r.job << " has failed ([on_failure]): " << why << "\n";
  };
  {
    std::lock_guard<std::mutex> guard{shared_->mutex};
    if (shared_->running >= table_.most) {
      return complain(std::to_string(table_.most) + " programs are at it (most)");
    }
    ++shared_->running;
  }
  const auto one = std::make_shared<call>(shared_);
  const auto o = make_command(table_);
  const auto who = exec::look_up_user(o.user);
  if (!who) {
    return complain(who.error().text);
  }
  exec::launch l;
  l.what = exec::make_order(o);
  l.what.switch_user = who->switches;
  l.what.uid = who->uid;
  l.what.gid = who->gid;
  l.what.groups = who->groups;
  l.what.environment = exec::make_environment(o, *who, variables(r));
  if (const auto why = one->start(launcher_, std::move(l), table_.timeout + launcher_->kill_reserve()); !why.empty()) {
    complain(why);
  }
}

} // namespace djm::daemon
