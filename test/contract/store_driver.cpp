#include "store_driver.hpp"

#include <algorithm>
#include <stdexcept>

namespace djm::contract {

using namespace djm::store;

/// Where the sinks of all handles put their events. Outlives the driver while a handle still calls.
struct store_driver::mailbox {
  std::mutex mutex;
  std::condition_variable filled;
  std::deque<std::pair<std::uint64_t, raw_event>> events;
};

store_driver::store_driver(session_factory& factory, session_options options, session_limits limits,
                           bool wait_for_connect)
  : factory_(factory), options_(std::move(options)), core_(std::move(limits)), mailbox_(std::make_shared<mailbox>()) {
  open();
  if (wait_for_connect) {
    wait_phase(session_phase::connected);
  }
}

store_driver::~store_driver() {
  if (dropped_) {
    return;
  }
  try {
    close();
    wait_closed();
  } catch (const std::exception&) {
    // The case has failed already or will leave an idle handle behind; ports_ drops it.
  }
}

std::uint64_t store_driver::start_commit(transaction txn, std::uint32_t client) {
  const auto request = ++last_request_;
  carry_out(core_.commit({client, request}, core_.view().number, std::move(txn), now()));
  return request;
}

std::uint64_t store_driver::start_read(std::vector<read_op> reads, bool fresh, std::uint32_t client) {
  const auto request = ++last_request_;
  carry_out(core_.read({client, request}, std::move(reads), fresh, now()));
  return request;
}

commit_outcome store_driver::wait_commit(std::uint64_t request) {
  wait_until([&] { return commits_.count(request) > 0; }, "the outcome of a commit");
  auto node = commits_.extract(request);
  return std::move(node.mapped());
}

read_outcome store_driver::wait_read(std::uint64_t request) {
  wait_until([&] { return reads_.count(request) > 0; }, "the answer to a read");
  auto node = reads_.extract(request);
  return std::move(node.mapped());
}

commit_outcome store_driver::commit(transaction txn, std::uint32_t client) {
  return wait_commit(start_commit(std::move(txn), client));
}

read_outcome store_driver::read(std::vector<read_op> reads, bool fresh, std::uint32_t client) {
  return wait_read(start_read(std::move(reads), fresh, client));
}

committed store_driver::must_commit(transaction txn) {
  auto outcome = commit(std::move(txn));
  if (auto* done = std::get_if<committed>(&outcome)) {
    return std::move(*done);
  }
  throw std::runtime_error("a commit that must succeed ended as " + to_text(outcome));
}

read_result store_driver::must_read(read_op op, bool fresh) {
  auto outcome = read({std::move(op)}, fresh);
  if (outcome.status != read_status::ok) {
    throw std::runtime_error("a read that must succeed ended as " + to_text(outcome));
  }
  return std::move(outcome.results.at(0));
}

watch_event store_driver::wait_watch(std::uint32_t client) {
  wait_until([&] { return !watches_[client].empty(); }, "a watch event");
  auto event = std::move(watches_[client].front());
  watches_[client].pop_front();
  return event;
}

bool store_driver::watch_pending(std::uint32_t client) {
  auto outcome = read({}, true, client);
  if (outcome.status != read_status::ok) {
    throw std::runtime_error("a barrier ended as " + to_text(outcome));
  }
  return !watches_[client].empty();
}

void store_driver::wait_phase(session_phase phase) {
  wait_until([&] { return core_.view().phase == phase; }, "phase " + to_string(phase));
}

void store_driver::wait_announced(session_phase phase) {
  wait_until(
    [&] {
      auto i = std::find(phases_.begin(), phases_.end(), phase);
      if (i == phases_.end()) {
        return false;
      }
      phases_.erase(phases_.begin(), std::next(i));
      return true;
    },
    "an announcement of phase " + to_string(phase));
}

void store_driver::wait_until(const std::function<bool()>& done, const std::string& what) {
  const auto limit = now() + wide;
  while (!done()) {
    if (now() >= limit) {
      throw std::runtime_error("waited too long for " + what + " in phase " + to_string(core_.view().phase));
    }
    pump(limit);
  }
}

void store_driver::open() {
  carry_out(core_.open(now()));
}

void store_driver::close() {
  carry_out(core_.close(now()));
}

void store_driver::wait_closed() {
  wait_until([&] { return ports_.empty(); }, "the end of the handle");
}

void store_driver::drop() {
  dropped_ = true;
  ports_.clear();
}

void store_driver::forget(std::uint32_t client) {
  carry_out(core_.forget(client, now()));
}

void store_driver::start_probing(std::string path) {
  carry_out(core_.start_probing(core_.view().number, std::move(path), now()));
}

time_point store_driver::now() const {
  return time_point{std::chrono::steady_clock::now().time_since_epoch()};
}

std::uint64_t store_driver::entropy() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return random_;
}

void store_driver::carry_out(session_core::effects effects) {
  for (auto& effect : effects) {
    if (auto* x = std::get_if<session_core::open_handle>(&effect)) {
      const auto handle = x->handle;
      auto box = mailbox_;
      auto port = factory_.open(options_, [box, handle](raw_event event) {
        const std::lock_guard guard{box->mutex};
        box->events.emplace_back(handle, std::move(event));
        box->filled.notify_one();
      });
      if (port) {
        ports_[handle] = std::move(*port);
      } else {
        carry_out(core_.on_open_failed(handle, port.error(), now(), entropy()));
      }
    } else if (auto* close = std::get_if<session_core::close_handle>(&effect)) {
      if (auto i = ports_.find(close->handle); i != ports_.end()) {
        i->second->close();
      }
    } else if (auto* submit = std::get_if<session_core::submit>(&effect)) {
      ports_.at(submit->handle)->submit(submit->id, std::move(submit->request));
    } else if (auto* timer = std::get_if<session_core::arm_timer>(&effect)) {
      timer_ = *timer;
    } else if (auto* commit = std::get_if<session_core::commit_done>(&effect)) {
      history_.emplace_back(*commit);
      commits_.emplace(commit->to.request, std::move(commit->outcome));
    } else if (auto* read = std::get_if<session_core::read_done>(&effect)) {
      history_.emplace_back(*read);
      reads_.emplace(read->to.request, std::move(read->outcome));
    } else if (auto* watch = std::get_if<session_core::watch_fired>(&effect)) {
      history_.emplace_back(*watch);
      for (auto client : watch->clients) {
        watches_[client].push_back(watch->event);
      }
    } else if (auto* changed = std::get_if<session_core::session_changed>(&effect)) {
      history_.emplace_back(*changed);
      phases_.push_back(changed->view.phase);
    } else if (auto* contact = std::get_if<session_core::contact_advanced>(&effect)) {
      history_.emplace_back(*contact);
    } else if (auto* failed = std::get_if<session_core::probe_failed>(&effect)) {
      history_.emplace_back(*failed);
    }
  }
}

void store_driver::pump(time_point limit) {
  const auto until = timer_ ? std::min(limit, timer_->at) : limit;
  std::optional<std::pair<std::uint64_t, raw_event>> event;
  {
    std::unique_lock lock{mailbox_->mutex};
    const std::chrono::steady_clock::time_point at{
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(until.time_since_epoch())};
    mailbox_->filled.wait_until(lock, at, [this] { return !mailbox_->events.empty(); });
    if (!mailbox_->events.empty()) {
      event = std::move(mailbox_->events.front());
      mailbox_->events.pop_front();
    }
  }
  if (event) {
    const auto* link = std::get_if<raw_link>(&event->second);
    const bool gone = link && (link->state == link_state::closed || link->state == link_state::failed);
    carry_out(core_.on_raw(event->first, std::move(event->second), now(), entropy()));
    if (gone) {
      ports_.erase(event->first);
    }
    return;
  }
  if (timer_ && timer_->at <= now()) {
    const auto generation = timer_->generation;
    timer_.reset();
    carry_out(core_.on_timer(generation, now()));
  }
}

std::string to_text(const commit_outcome& outcome) {
  if (auto* x = std::get_if<committed>(&outcome)) {
    return "committed{zxid " + std::to_string(x->zxid) + "}";
  }
  if (auto* x = std::get_if<conflict>(&outcome)) {
    return "conflict{" + std::to_string(x->index) + ", " + to_string(x->code) + "}";
  }
  if (auto* x = std::get_if<rejected>(&outcome)) {
    return "rejected{" + to_string(x->why) + "}";
  }
  return std::holds_alternative<unknown>(outcome) ? "unknown" : "session_lost";
}

std::string to_text(const read_outcome& outcome) {
  return enum_text(outcome.status) + (outcome.text.empty() ? "" : " (" + outcome.text + ")");
}

} // namespace djm::contract
