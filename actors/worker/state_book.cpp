#include "actors/worker/state_book.hpp"

#include <algorithm>
#include <utility>

namespace djm {

namespace {

/// Each run waits for one answer as a rule; threads of its own may ask for more.
constexpr std::size_t most_waiting = 10'000;
} // namespace

std::string state_book::named(const item_ref& item) {
  return "item \"" + item.item + "\" of job \"" + item.job + "\"";
}

state_book::state_book(const worker_config& cfg, const store::tree_schema& tree, worker_session& member,
                       const lock_table& locks, request_numbers numbers)
  : cfg_(cfg),
    tree_(tree),
    member_(member),
    locks_(locks),
    store_(open_problems{"worker"}, backoff{cfg.backoff_min, cfg.backoff_max}, std::move(numbers)) {}

tl::unexpected<error> state_book::stops(const item_ref& item) const {
  return fail(errc::shutting_down, named(item) + ": node \"" + cfg_.node + "\" is shutting down");
}

tl::unexpected<error> state_book::not_known(const item_ref& item) {
  return fail(errc::unknown_outcome, "whether the state of " + named(item) + " was saved is not known");
}

tl::unexpected<error> state_book::nothing_done(const item_ref& item) const {
  return member_.online()
           ? fail(errc::timed_out, "the store has not answered about the state of " + named(item))
           : fail(errc::not_connected, named(item) + ": node \"" + cfg_.node + "\" is not connected to the store");
}

/// Nothing is under way for it.
void state_book::idle(entries::iterator at) {
  if (!at->second.wishes.empty()) {
    if (blocked_.count(at->first) == 0) {
      ready_.insert(at->first);
    }
  } else if (at->second.given_back) {
    ready_.erase(at->first);
    blocked_.erase(at->first);
    entries_.erase(at);
  }
}

// -- what is asked --------------------------------------------------------------------

void state_book::ask(state_wish w, step s, worker_effects& out) {
  if (closed_) {
    tell(w.id, w.save.has_value(), stops(w.item), out);
    return;
  }
  if (asked_.size() >= most_waiting) {
    tell(w.id, w.save.has_value(),
         fail(errc::backlog_full, named(w.item) + ": node \"" + cfg_.node + "\" loads and saves " +
                                    std::to_string(most_waiting) + " states already"),
         out);
    return;
  }
  asked_.emplace(w.id, w.item);
  until_.emplace_back(s.now + cfg_.state_patience, w.id);
  const auto at = entries_.try_emplace(w.item).first;
  at->second.wishes.push_back(std::move(w));
  if (at->second.at == stage::idle && blocked_.count(at->first) == 0) {
    ready_.insert(at->first);
  }
}

void state_book::answer(entry& e, expected<std::optional<bytes>> what, worker_effects& out) {
  const auto id = e.wishes.front().id;
  const bool save = e.wishes.front().save.has_value();
  e.wishes.pop_front();
  e.in_doubt = false;
  e.conflicts = 0;
  asked_.erase(id);
  forget_answered();
  tell(id, save, std::move(what), out);
}

/// Each wish is answered here, and counted.
void state_book::tell(std::uint64_t id, bool save, expected<std::optional<bytes>> what, worker_effects& out) {
  auto& c = counters_;
  const auto code = what ? errc::none : what.error().code;
  auto& n = !save                           ? (what ? c.loaded : c.load_failures)
            : what                          ? c.saved
            : code == errc::not_owner       ? c.not_owner
            : code == errc::conflict        ? c.conflicts
            : code == errc::unknown_outcome ? c.unknown
                                            : c.failed;
  ++n;
  out.push_back(state_answer{id, std::move(what)});
}

/// The time of those that are answered is not waited for.
void state_book::forget_answered() {
  while (!until_.empty() && asked_.count(until_.front().second) == 0) {
    until_.pop_front();
  }
}

/// Its time is over.
void state_book::expire(std::uint64_t id, worker_effects& out) {
  const auto about = asked_.find(id);
  const auto at = entries_.find(about->second);
  auto& e = at->second;
  const auto wish = std::find_if(e.wishes.begin(), e.wishes.end(), [id](const auto& w) { return w.id == id; });
  const bool begun = wish == e.wishes.begin() && (e.at == stage::saving || e.in_doubt);
  if (begun) {
    e.in_doubt = false;
    e.known = false;
  }
  tell(id, wish->save.has_value(), begun ? not_known(at->first) : nothing_done(at->first), out);
  e.wishes.erase(wish);
  asked_.erase(about);
  if (e.at == stage::idle) {
    idle(at);
  }
}

void state_book::on_wake(step s, worker_effects& out) {
  for (forget_answered(); !until_.empty() && s.now >= until_.front().first; forget_answered()) {
    expire(until_.front().second, out);
  }
  if (store_.on_wake(s)) {
    locks_changed();
  }
}

std::optional<time_point> state_book::wake_at() const {
  return asked_.empty() ? std::nullopt : earliest(until_.front().first, store_.retry_at());
}

void state_book::released(const item_ref& item) {
  if (const auto at = entries_.find(item); at != entries_.end()) {
    at->second.given_back = true;
    if (at->second.at == stage::idle) {
      idle(at);
    }
  }
}

void state_book::close(worker_effects& out) {
  closed_ = true;
  for (const auto& [id, item] : std::exchange(asked_, {})) {
    const auto& e = entries_.at(item);
    const bool begun = e.wishes.front().id == id && (e.at == stage::saving || e.in_doubt);
    const auto wish = std::find_if(e.wishes.begin(), e.wishes.end(), [id = id](const auto& w) { return w.id == id; });
    tell(id, wish != e.wishes.end() && wish->save, begun ? not_known(item) : stops(item), out);
  }
  entries_.clear();
  ready_.clear();
  blocked_.clear();
  until_.clear();
  under_way_ = 0;
  store_.drop();
}

// -- what has changed -----------------------------------------------------------------

void state_book::session_is_over() {
  store_.drop();
  under_way_ = 0;
  for (auto& [item, e] : entries_) { // as many as have a state that is used, once per session
    e.in_doubt = e.in_doubt || (e.at == stage::saving && !e.wishes.empty() && e.wishes.front().id == e.works_for);
    e.known = false;
    e.at = stage::idle;
    if (!e.wishes.empty()) {
      ready_.insert(item);
    }
  }
}

void state_book::locks_changed() {
  if (!store_.retry_at()) {
    ready_.merge(blocked_);
    blocked_.clear();
  }
}

} // namespace djm
