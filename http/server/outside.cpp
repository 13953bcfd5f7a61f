#include "http/server/outside.hpp"

#include <pthread.h>

#include <utility>

#include "djm/json.hpp"

namespace djm::http {

namespace {

/// A plan of a large cluster takes a while, and nobody waits for the tenth.
constexpr std::size_t most_waiting = 8;

template <class T>
order_answer as_answer(const expected<T>& x) {
  order_answer a;
  if (x) {
    a.json = to_json_text(*x);
  } else {
    a.failed = x.error();
  }
  return a;
}

order_answer refused(errc code, const char* text) {
  order_answer a;
  a.failed = error{code, text};
  return a;
}

} // namespace

outside::outside(std::shared_ptr<client> asked) : client_(std::move(asked)), thread_([this] { live(); }) {}

outside::~outside() {
  {
    std::lock_guard<std::mutex> lock{guard_};
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
  for (const auto& q : waiting_) {
    q.f(refused(errc::shutting_down, "the HTTP interface of this node ends"));
  }
}

void outside::ask(order what, take_answer f) {
  {
    std::lock_guard<std::mutex> lock{guard_};
    if (waiting_.size() < most_waiting) {
      waiting_.push_back({std::move(what), std::move(f)});
      changed_.notify_all();
      return;
    }
  }
  f(refused(errc::backlog_full, "too many ask already what would be"));
}

order_answer outside::answer(const order& what) {
  if (what.what == operation::record) {
    const auto record = client_->get_record(what.job);
    auto a = as_answer(record);
    a.rev = record ? record->rev : 0;
    return a;
  }
  return what.what == operation::what_if ? as_answer(client_->what_if(what.question))
                                         : as_answer(client_->stoppable(what.nodes));
}

void outside::live() {
  pthread_setname_np(pthread_self(), "djm-http-plan");
  std::unique_lock<std::mutex> lock{guard_};
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) {
      return;
    }
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    next.f(answer(next.what));
    lock.lock();
  }
}

} // namespace djm::http
