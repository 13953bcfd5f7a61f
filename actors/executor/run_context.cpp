#include "actors/executor/run_context.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include <cxxabi.h>

#include "actors/env/boot_time.hpp"
#include "actors/executor/user_scope.hpp"
#include "djm/impl/exception_text.hpp"

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

run_context::run_context(run_order order, run_services services)
  : order_(std::move(order)), services_(std::move(services)), changed_(services_.clock->make_wait_point()) {
  std::sort(order_.items.begin(), order_.items.end(), [](auto& a, auto& b) { return a.id < b.id; });
}

run_result run_context::execute() {
  run_result result;
  result.id = order_.id;
  try {
    result.failed = throws([this] { order_.code->run(*this); }, result.failure);
  } catch (const abi::__forced_unwind&) {
    end();
    drop();
    throw;
  }
  end();
  drop();
  return result;
}

void run_context::drop() {
  order_.code.reset();
}

/// A callback is user code that works on the items: the run is not over before it has returned.
void run_context::end() {
  std::map<std::uint64_t, callback> unregistered;
  std::unique_lock<std::mutex> lock{mutex_};
  ended_ = true;
  for (auto i = callbacks_.begin(); i != callbacks_.end();) {
    auto next = std::next(i);
    if (!i->second.called)
      unregistered.insert(callbacks_.extract(i));
    i = next;
  }
  changed_->wait(lock, time_point::max(), [this] { return callbacks_.empty(); });
  lock.unlock(); // callbacks own user code: destroyed outside the lock
}

void run_context::request_stop(djm::stop_reason reason, const std::vector<item_id>& revoked) {
  std::vector<std::uint64_t> to_post;
  {
    std::lock_guard<std::mutex> guard{mutex_};
    for (auto& item : revoked)
      if (holds(item))
        revoked_.insert(item);
    if (stopped_)
      return;
    stopped_ = true;
    reason_ = reason;
    for (auto& [id, c] : callbacks_)
      to_post.push_back(id);
    changed_->wake();
  }
  for (auto id : to_post)
    post_callback(id);
}

bool run_context::holds(const item_id& item) const {
  auto i = std::lower_bound(order_.items.begin(), order_.items.end(), item,
                            [](const work_item& a, const item_id& b) { return a.id < b; });
  return i != order_.items.end() && i->id == item;
}

fencing_token run_context::token(const item_id& item) const {
  auto i = std::lower_bound(order_.items.begin(), order_.items.end(), item,
                            [](const work_item& a, const item_id& b) { return a.id < b; });
  return i != order_.items.end() && i->id == item ? i->token : 0;
}

bool run_context::stop_requested() const {
  std::lock_guard<std::mutex> guard{mutex_};
  return stopped_;
}

djm::stop_reason run_context::reason() const {
  std::lock_guard<std::mutex> guard{mutex_};
  return reason_;
}

std::vector<item_id> run_context::revoked_items() const {
  std::lock_guard<std::mutex> guard{mutex_};
  return {revoked_.begin(), revoked_.end()};
}

bool run_context::wait_for_stop(duration timeout) {
  auto deadline = saturating_add(services_.clock->now(), timeout);
  std::unique_lock<std::mutex> lock{mutex_};
  return changed_->wait(lock, deadline, [this] { return stopped_; });
}

stop_subscription run_context::on_stop(std::function<void(djm::stop_reason)> f) {
  std::uint64_t id = 0;
  bool post = false;
  {
    std::lock_guard<std::mutex> guard{mutex_};
    if (ended_ || !f)
      return {};
    id = ++last_callback_;
    callbacks_[id].f = std::move(f);
    post = stopped_;
  }
  auto result = std::make_shared<subscription>(shared_from_this(), id);
  if (post)
    post_callback(id);
  return stop_subscription{std::move(result)};
}

void run_context::post_callback(std::uint64_t id) {
  services_.post([self = shared_from_this(), id] { self->call_back(id); });
}

void run_context::call_back(std::uint64_t id) {
  std::function<void(djm::stop_reason)> f;
  djm::stop_reason why;
  {
    std::lock_guard<std::mutex> guard{mutex_};
    auto i = callbacks_.find(id);
    if (i == callbacks_.end() || i->second.called)
      return;
    i->second.called = true;
    i->second.thread = std::this_thread::get_id();
    f = std::move(i->second.f);
    why = reason_;
  }
  std::string text;
  const user_scope scope{order_.code.get()};
  try {
    if (throws([&] { f(why); }, text))
      services_.report(fmt::format("a stop callback of run {} of job {} threw: {}", order_.id, order_.job, text));
  } catch (const abi::__forced_unwind&) {
    services_.report(fmt::format("a stop callback of run {} of job {} ended its thread", order_.id, order_.job));
    called_back(id);
    throw;
  }
  f = nullptr;
  called_back(id);
}

void run_context::called_back(std::uint64_t id) {
  std::lock_guard<std::mutex> guard{mutex_};
  callbacks_.erase(id);
  changed_->wake();
}

void run_context::unsubscribe(std::uint64_t id) {
  std::function<void(djm::stop_reason)> f;
  std::unique_lock<std::mutex> lock{mutex_};
  auto i = callbacks_.find(id);
  if (i == callbacks_.end())
    return;
  if (!i->second.called) {
    f = std::move(i->second.f);
    callbacks_.erase(i);
  } else if (i->second.thread != std::this_thread::get_id()) {
    changed_->wait(lock, time_point::max(), [&] { return callbacks_.count(id) == 0; });
  }
  lock.unlock();
}

} // namespace djm
