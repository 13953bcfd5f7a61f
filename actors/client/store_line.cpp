#include "actors/client/store_line.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>
#include <utility>

#include "actors/dialogue/whole_answer.hpp"
#include "actors/env/boot_time.hpp"

namespace djm {

using store::read_status;
using store::session_core;
using store::session_phase;

namespace {

/// How long one look at the mailbox may take while nothing comes: the machine may have slept.
constexpr duration slice = std::chrono::seconds{1};
/// How long the end waits for the farewell; the factory goes on with it.
constexpr duration farewell = std::chrono::seconds{2};
/// Reads in one question to the store.
constexpr std::size_t most_reads = 2000;
/// Before a read that has failed is tried again.
constexpr duration pause = std::chrono::milliseconds{50};

} // namespace

/// Where the sinks of all handles put their events. Outlives the line while a handle still calls.
struct store_line::mailbox {
  std::mutex mutex;
  std::condition_variable filled;
  std::deque<std::pair<std::uint64_t, store::raw_event>> events;
  /// The latest that the store's client has said: why it has no connection, if it has none.
  std::string said;
};

store_line::store_line(std::shared_ptr<store::session_factory> sessions, store::session_options options,
                       store::session_limits limits)
  : sessions_(std::move(sessions)),
    options_(std::move(options)),
    core_(limits),
    mailbox_(std::make_shared<mailbox>()),
    random_((std::uint64_t{std::random_device{}()} << 32 | std::random_device{}()) | 1) {
  options_.log = [box = mailbox_, to = std::move(options_.log)](const log_record& line) {
    {
      const std::lock_guard guard{box->mutex};
      box->said = line.text;
    }
    if (to) {
      to(line);
    }
  };
  carry_out(core_.open(boot_now()));
}

store_line::~store_line() {
  carry_out(core_.close(boot_now()));
  const auto end = saturating_add(boot_now(), farewell);
  while (!ports_.empty() && boot_now() < end) {
    pump(end);
  }
}

std::uint64_t store_line::entropy() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return random_;
}

std::uint64_t store_line::read(std::vector<store::read_op> reads, bool fresh) {
  carry_out(core_.read({1, ++last_request_}, std::move(reads), fresh, boot_now()));
  return last_request_;
}

std::uint64_t store_line::commit(std::uint64_t session, store::transaction txn) {
  carry_out(core_.commit({1, ++last_request_}, session, std::move(txn), boot_now()));
  return last_request_;
}

void store_line::carry_out(session_core::effects effects) {
  for (auto& effect : effects) {
    if (auto* open = std::get_if<session_core::open_handle>(&effect)) {
      auto port = sessions_->open(options_, [box = mailbox_, handle = open->handle](store::raw_event event) {
        const std::lock_guard guard{box->mutex};
        box->events.emplace_back(handle, std::move(event));
        box->filled.notify_one();
      });
      if (port) {
        ports_[open->handle] = *std::move(port);
      } else {
        carry_out(core_.on_open_failed(open->handle, port.error(), boot_now(), entropy()));
      }
    } else if (auto* close = std::get_if<session_core::close_handle>(&effect)) {
      if (const auto i = ports_.find(close->handle); i != ports_.end()) {
        i->second->close();
      }
    } else if (auto* submit = std::get_if<session_core::submit>(&effect)) {
      if (const auto i = ports_.find(submit->handle); i != ports_.end()) {
        i->second->submit(submit->id, std::move(submit->request));
      }
    } else if (auto* timer = std::get_if<session_core::arm_timer>(&effect)) {
      timer_ = *timer;
    } else if (auto* committed = std::get_if<session_core::commit_done>(&effect)) {
      news_.emplace_back(std::move(*committed));
    } else if (auto* answered = std::get_if<session_core::read_done>(&effect)) {
      news_.emplace_back(std::move(*answered));
    } else if (auto* watch = std::get_if<session_core::watch_fired>(&effect)) {
      stirred_ = true;
      news_.emplace_back(std::move(*watch));
    } else if (auto* changed = std::get_if<session_core::session_changed>(&effect)) {
      stirred_ = true;
      news_.emplace_back(std::move(*changed));
    } else if (auto* report = std::get_if<session_core::report>(&effect)) {
      reported_ = report->why;
    }
  }
}

void store_line::pump(time_point until) {
  const auto wake = timer_ ? std::min(until, timer_->at) : until;
  std::optional<std::pair<std::uint64_t, store::raw_event>> event;
  {
    std::unique_lock lock{mailbox_->mutex};
    if (wait_until(lock, mailbox_->filled, wake, slice, [this] { return !mailbox_->events.empty(); })) {
      event = std::move(mailbox_->events.front());
      mailbox_->events.pop_front();
    }
  }
  if (event) {
    const auto* link = std::get_if<store::raw_link>(&event->second);
    const bool gone =
      link != nullptr && (link->state == store::link_state::closed || link->state == store::link_state::failed);
    carry_out(core_.on_raw(event->first, std::move(event->second), boot_now(), entropy()));
    if (gone) {
      ports_.erase(event->first);
    }
  } else if (timer_ && timer_->at <= boot_now()) {
    const auto generation = timer_->generation;
    timer_.reset();
    carry_out(core_.on_timer(generation, boot_now()));
  }
}

store_line::news store_line::next(time_point until) {
  while (news_.empty()) {
    if (boot_now() >= until) {
      return nothing{};
    }
    pump(until);
  }
  auto first = std::move(news_.front());
  news_.pop_front();
  return first;
}

std::optional<store::read_outcome> store_line::wait_read(std::uint64_t request, time_point until) {
  for (;;) {
    auto told = next(until);
    if (std::holds_alternative<nothing>(told) || refused()) {
      return std::nullopt;
    }
    // What was asked by a call that has given up is nobody's any more.
    if (auto* r = std::get_if<read_done>(&told); r != nullptr && r->to.request == request) {
      return std::move(r->outcome);
    }
  }
}

expected<void> store_line::ask(read_batch& batch, bool fresh, time_point until) {
  while (!batch.complete()) {
    if (refused()) {
      return tl::make_unexpected(trouble());
    }
    auto outcome = wait_read(read(batch.next_part(most_reads), fresh), until);
    if (!outcome) {
      return tl::make_unexpected(trouble());
    }
    if (outcome->status == read_status::rejected) {
      return fail(errc::invalid_id, outcome->text);
    }
    if (take_answer(*outcome, batch)) {
      fresh = false;
      continue;
    }
    // The connection has failed on the way, or there is none yet.
    const auto again = std::min(until, saturating_add(boot_now(), pause));
    while (boot_now() < again && !refused()) {
      pump(again);
    }
    if (boot_now() >= until) {
      return tl::make_unexpected(trouble());
    }
  }
  return {};
}

error store_line::trouble() const {
  const auto& view = core_.view();
  auto why = !view.trouble.text.empty() ? view.trouble.text : reported_.text;
  if (why.empty()) {
    const std::lock_guard guard{mailbox_->mutex};
    why = mailbox_->said;
  }
  if (refused()) {
    return {errc::no_permission, "the store refuses the credentials" + (why.empty() ? "" : ": " + why)};
  }
  if (view.phase == session_phase::connected) {
    return {errc::timed_out, "the store at " + options_.servers + " is connected and did not answer in time"};
  }
  return {errc::not_connected, "no connection to the store at " + options_.servers + (why.empty() ? "" : ": " + why)};
}

} // namespace djm
