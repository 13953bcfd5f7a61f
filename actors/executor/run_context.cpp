#include "actors/executor/run_context.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <numeric>
#include <utility>

#include <cxxabi.h>

#include "actors/env/boot_time.hpp"
#include "actors/executor/user_scope.hpp"
#include "djm/run_outcome.hpp"
#include "model/exception_text.hpp"

namespace djm {

bool throws(const std::function<void()>& f, std::string& text) {
  try {
    f();
    return false;
  } catch (const abi::__forced_unwind&) {
    throw;
  } catch (...) {
    text = impl::current_exception_text();
  }
  return true;
}

/// Behind a stop_subscription.
struct run_context::subscription {
  std::shared_ptr<run_context> run;
  std::uint64_t id;

  subscription(std::shared_ptr<run_context> r, std::uint64_t i) : run(std::move(r)), id(i) {}
  subscription(const subscription&) = delete;
  subscription& operator=(const subscription&) = delete;
  ~subscription() { run->unsubscribe(id); }
};

run_context::run_context(run_order order, std::shared_ptr<const run_services> services)
  : order_(std::move(order)), services_(std::move(services)) {
  if (!order_.as_given) {
    std::sort(order_.items.begin(), order_.items.end(), [](auto& a, auto& b) { return a.id < b.id; });
  }
  sort_places();
}

const user_config& run_context::config() const {
  static const user_config none;
  return order_.run_with ? order_.run_with->config : none;
}

namespace {

/// "item "a": what; item "b": what; and 3 more": of many items the first few.
std::string describe(const std::map<item_id, std::string>& failed) {
  constexpr std::size_t most = 5;
  std::string text;
  std::size_t told = 0;
  for (auto& [id, what] : failed) {
    if (told++ == most) {
      return text + fmt::format("; and {} more", failed.size() - most);
    }
    text += fmt::format("{}item \"{}\": {}", text.empty() ? "" : "; ", id, what);
  }
  return text;
}

} // namespace

run_result run_context::execute() {
  return conclude([this] { order_.code->run(*this); });
}

/// Calls that, which stands for the code, and ends the run.
run_result run_context::conclude(const std::function<void()>& code) {
  run_result result;
  result.id = order_.id;
  try {
    run_code(code, result);
  } catch (const abi::__forced_unwind&) {
    end();
    drop();
    throw;
  }
  end();
  drop();
  if (!failed_.empty()) {
    auto text = describe(failed_);
    result.failure = result.failed ? result.failure + "; " + text : std::move(text);
    result.failed = true;
    for (auto& [id, what] : failed_) {
      result.failed_items.push_back(id);
    }
    result.failed_for_good.assign(for_good_.begin(), for_good_.end());
  }
  result.progress = progress_;
  return result;
}

/// Says what its code has returned or thrown.
void run_context::run_code(const std::function<void()>& code, run_result& result) {
  const auto call = [&] {
    try {
      code();
    } catch (const retry_later& later) {
      result.again_in = std::max<duration>(later.pause(), std::chrono::milliseconds{1});
    } catch (const permanent_failure&) {
      result.for_good = true;
      throw;
    }
  };
  result.failed = throws(call, result.failure);
}

/// As a wait point does, which is made where it is needed. False: not before the deadline.
bool run_context::wait(std::unique_lock<std::mutex>& lock, time_point deadline, const std::function<bool()>& ready) {
  if (ready()) {
    return true;
  }
  if (!changed_) {
    changed_ = services_->clock->make_wait_point();
  }
  return changed_->wait(lock, deadline, ready);
}

/// Whoever waits.
void run_context::wake() {
  if (changed_) {
    changed_->wake();
  }
}

/// A callback is user code that works on the items: the run is not over before it has returned.
void run_context::end() {
  std::map<std::uint64_t, callback> unregistered;
  std::unique_lock<std::mutex> lock{mutex_};
  ended_ = true;
  for (auto i = callbacks_.begin(); i != callbacks_.end();) {
    auto next = std::next(i);
    if (!i->second.called) {
      unregistered.insert(callbacks_.extract(i));
    }
    i = next;
  }
  wait(lock, time_point::max(), [this] { return callbacks_.empty(); });
  lock.unlock(); // callbacks own user code: destroyed outside the lock
}

void run_context::request_stop(djm::stop_reason reason, const std::vector<item_id>& revoked) {
  std::vector<std::uint64_t> to_post;
  {
    std::lock_guard<std::mutex> guard{mutex_};
    note_revoked(revoked);
    if (stopped_) {
      return;
    }
    if (!asked()) {
      reason_ = reason;
    }
    if (reason == djm::stop_reason::revoked && !revoked.empty() && keeps_some()) {
      ++presses_;
    } else {
      stopped_ = true;
    }
    if (!asked()) {
      return; // it has released them meanwhile
    }
    for (auto& [id, c] : callbacks_) {
      to_post.push_back(id);
    }
    wake();
  }
  for (auto id : to_post) {
    post_callback(id);
  }
}

void run_context::tell_revoked(const std::vector<item_id>& items) {
  std::lock_guard<std::mutex> guard{mutex_};
  note_revoked(items);
}

void run_context::note_revoked(const std::vector<item_id>& items) {
  for (auto& item : items) {
    if (find(item) != nullptr && revoked_.insert(item).second && released_.count(item) == 0) {
      ++owed_;
    }
  }
}

bool run_context::keeps_some() const {
  return std::any_of(order_.items.begin(), order_.items.end(),
                     [this](const work_item& w) { return revoked_.count(w.id) == 0 && released_.count(w.id) == 0; });
}

std::vector<item_id> run_context::withdraw(const std::vector<item_id>& items) {
  std::lock_guard<std::mutex> guard{mutex_};
  std::vector<item_id> taken;
  for (auto& item : items) {
    if (find(item) != nullptr && released_.insert(item).second) {
      taken.push_back(item);
    }
  }
  auto& all = order_.items;
  all.erase(std::remove_if(all.begin(), all.end(), [this](const work_item& w) { return released_.count(w.id) > 0; }),
            all.end());
  sort_places();
  return taken;
}

void run_context::sort_places() {
  if (order_.items.size() < 2) {
    by_id_.clear();
    return;
  }
  by_id_.resize(order_.items.size());
  std::iota(by_id_.begin(), by_id_.end(), std::size_t{0});
  std::sort(by_id_.begin(), by_id_.end(), [this](auto a, auto b) { return order_.items[a].id < order_.items[b].id; });
}

const work_item* run_context::find(const item_id& item) const {
  if (by_id_.empty()) {
    return !order_.items.empty() && order_.items.front().id == item ? &order_.items.front() : nullptr;
  }
  auto i = std::lower_bound(by_id_.begin(), by_id_.end(), item,
                            [this](std::size_t a, const item_id& b) { return order_.items[a].id < b; });
  return i != by_id_.end() && order_.items[*i].id == item ? &order_.items[*i] : nullptr;
}

fencing_token run_context::token(const item_id& item) const {
  const auto* held = find(item);
  return held != nullptr ? held->token : 0;
}

std::vector<work_item> run_context::held_items() const {
  std::lock_guard<std::mutex> guard{mutex_};
  std::vector<work_item> held;
  for (auto& w : order_.items) {
    if (released_.count(w.id) == 0) {
      held.push_back(w);
    }
  }
  return held;
}

bool run_context::stop_requested() const {
  std::lock_guard<std::mutex> guard{mutex_};
  return asked();
}

bool run_context::stop_requested(const item_id& item) const {
  std::lock_guard<std::mutex> guard{mutex_};
  return stopped_ || revoked_.count(item) > 0 || released_.count(item) > 0 || find(item) == nullptr;
}

void run_context::let_go(const item_id& item, const std::optional<std::string>& declined) {
  {
    std::lock_guard<std::mutex> guard{mutex_};
    if (ended_ || find(item) == nullptr || !released_.insert(item).second) {
      return;
    }
    if (revoked_.count(item) > 0) {
      --owed_;
    }
  }
  if (services_->released) {
    services_->released(order_.id, item, declined);
  }
}

void run_context::fail_item(const item_id& item, const std::string& what) {
  std::lock_guard<std::mutex> guard{mutex_};
  if (!ended_ && find(item) != nullptr) {
    failed_[item] = what;
    for_good_.erase(item);
  }
}

void run_context::fail_item_for_good(const item_id& item, const std::string& what) {
  std::lock_guard<std::mutex> guard{mutex_};
  if (!ended_ && find(item) != nullptr) {
    failed_[item] = what;
    for_good_.insert(item);
  }
}

void run_context::beat(std::uint64_t done, std::uint64_t total, std::string text) {
  const auto now = services_->clock->now();
  run_progress latest{done, total, std::move(text)};
  std::lock_guard<std::mutex> guard{mutex_};
  beat_ = now;
  std::swap(progress_, latest); // the former text is destroyed without the lock
}

std::pair<time_point, run_progress> run_context::last_beat() const {
  std::lock_guard<std::mutex> guard{mutex_};
  return {beat_, progress_};
}

djm::stop_reason run_context::reason() const {
  std::lock_guard<std::mutex> guard{mutex_};
  return asked() ? reason_ : djm::stop_reason::none;
}

std::vector<item_id> run_context::revoked_items() const {
  std::lock_guard<std::mutex> guard{mutex_};
  return {revoked_.begin(), revoked_.end()};
}

bool run_context::wait_for_stop(duration timeout) {
  auto deadline = saturating_add(services_->clock->now(), timeout);
  std::unique_lock<std::mutex> lock{mutex_};
  // A request for some items cuts one wait short, wherever in the run it is; a run that then goes on must be able to
  // sleep again.
  const auto heard = heard_;
  wait(lock, deadline, [&] { return stopped_ || (presses_ > heard && owed_ > 0); });
  heard_ = presses_;
  return asked();
}

stop_subscription run_context::on_stop(std::function<void(djm::stop_reason)> f) {
  std::uint64_t id = 0;
  bool post = false;
  {
    std::lock_guard<std::mutex> guard{mutex_};
    if (ended_ || !f) {
      return {};
    }
    id = ++last_callback_;
    callbacks_[id].f = std::move(f);
    post = asked();
  }
  auto result = std::make_shared<subscription>(shared_from_this(), id);
  if (post) {
    post_callback(id);
  }
  return stop_subscription{std::move(result)};
}

void run_context::post_callback(std::uint64_t id) {
  services_->post([self = shared_from_this(), id] { self->call_back(id); });
}

void run_context::call_back(std::uint64_t id) {
  std::function<void(djm::stop_reason)> f;
  djm::stop_reason why;
  {
    std::lock_guard<std::mutex> guard{mutex_};
    auto i = callbacks_.find(id);
    if (i == callbacks_.end() || i->second.called) {
      return;
    }
    i->second.called = true;
    i->second.thread = std::this_thread::get_id();
    f = std::move(i->second.f);
    why = reason_;
  }
  std::string text;
  const user_scope scope{order_.code.get()};
  try {
    if (throws([&] { f(why); }, text)) {
      services_->report(fmt::format("a stop callback of run {} of job {} threw: {}", order_.id, order_.job, text));
    }
  } catch (const abi::__forced_unwind&) {
    services_->report(fmt::format("a stop callback of run {} of job {} ended its thread", order_.id, order_.job));
    called_back(id);
    throw;
  }
  f = nullptr;
  called_back(id);
}

void run_context::called_back(std::uint64_t id) {
  std::lock_guard<std::mutex> guard{mutex_};
  callbacks_.erase(id);
  wake();
}

void run_context::unsubscribe(std::uint64_t id) {
  std::function<void(djm::stop_reason)> f;
  std::unique_lock<std::mutex> lock{mutex_};
  auto i = callbacks_.find(id);
  if (i == callbacks_.end()) {
    return;
  }
  if (!i->second.called) {
    f = std::move(i->second.f);
    callbacks_.erase(i);
  } else if (i->second.thread != std::this_thread::get_id()) {
    wait(lock, time_point::max(), [&] { return callbacks_.count(id) == 0; });
  }
  lock.unlock();
}

} // namespace djm
