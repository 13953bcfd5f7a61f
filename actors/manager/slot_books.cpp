#include "actors/manager/slot_books.hpp"

#include <iterator>
#include <utility>

#include "strategies/ledger.hpp"

namespace djm {

namespace {

// No identifier holds a slash, and no resource that a person names begins with one.
allocation_id id_of(const job_id& job, std::string_view item) {
  return job + "/" + std::string{item};
}

// What an item of the job takes, and the right to run the job as a resource of its own: a worker that may not run it
// has none of that.
slot_profile profile_of(const assignment_problem& problem, const job_info& job) {
  slot_profile result{{"/" + job.name, milli}};
  for (const auto& need : job.profile) {
    result.emplace(problem.resources()[need.resource], need.amount);
  }
  return result;
}

void append(slot_effects& to, slot_effects more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

bool same(const slot_request& a, const slot_request& b) {
  return a.priority == b.priority && a.profile == b.profile;
}

// Items that may stay where they are, on the books of their owners.
ledger held_now(const assignment_problem& problem) {
  ledger books{problem};
  for (job_index j = 0; j < problem.job_count(); ++j) {
    for (auto i = problem.first_item(j); i < problem.first_item(j + 1); ++i) {
      if (const auto w = problem.previous(i); w != no_worker && problem.eligible(j, w)) {
        books.put(j, i, w);
      }
    }
  }
  return books;
}

// More capacity of the kind there is would help.
bool lacks_room(plan_rule reason) noexcept {
  return reason == plan_rule::capacity || reason == plan_rule::max_items || reason == plan_rule::placement ||
         reason == plan_rule::max_per_worker;
}

// Another worker would help.
bool lacks_worker(plan_rule reason) noexcept {
  return reason == plan_rule::no_workers || reason == plan_rule::not_offered || reason == plan_rule::missing_label ||
         reason == plan_rule::draining || reason == plan_rule::cordoned || reason == plan_rule::refused;
}

bool had_owner(const cluster_image& image, const job_id& job, std::string_view item) {
  auto j = image.jobs.find(job);
  if (j == image.jobs.end() || !j->second.items) {
    return false;
  }
  auto k = j->second.items->find(item);
  return k && j->second.owners[*k] != no_worker;
}

} // namespace

void slot_books::clear() {
  slots_ = {};
  wanted_.clear();
  reported_.clear();
}

void slot_books::forget(const allocation_id& id) {
  slots_.cancel(id); // its worker learns it from what is assigned to it
  wanted_.erase(id);
}

void slot_books::drop_what_is_gone(const assignment_problem& problem, const std::set<node_id>& away) {
  std::vector<allocation_id> gone;
  std::vector<allocation_id> changed;
  for (const auto& [id, x] : wanted_) {
    if (auto i = problem.find_item(x.job, x.item)) {
      const auto& job = problem.job(problem.job_of(*i));
      if (!same(x.request, {id, profile_of(problem, job), static_cast<int>(job.priority), false})) {
        changed.push_back(id);
      }
    } else if (auto at = slots_.slot_of(id); !at || away.count(at->worker) == 0) {
      gone.push_back(id);
    }
  }
  for (const auto& id : gone) {
    forget(id);
  }
  // A request of other needs is another request: its age starts again.
  for (const auto& id : changed) {
    auto x = wanted_.at(id);
    slots_.cancel(id);
    const auto& job = problem.job(*problem.find_job(x.job));
    x.request.profile = profile_of(problem, job);
    x.request.priority = static_cast<int>(job.priority);
    slots_.request(x.request);
    wanted_[id] = std::move(x);
  }
  for (auto w = reported_.begin(); w != reported_.end();) {
    if (!problem.find_worker(*w) && away.count(*w) == 0) {
      slots_.worker_lost(*w);
      w = reported_.erase(w);
    } else {
      ++w;
    }
  }
}

std::vector<item_index> slot_books::open(const assignment_problem& problem, const std::set<node_id>& away) {
  std::vector<item_index> line;
  if (empty()) {
    return line;
  }
  drop_what_is_gone(problem, away);
  if (slots_.requests(slot_manager::request_state::served) == wanted_.size()) {
    clear(); // nobody waits any more
    return line;
  }
  for (const auto& id : slots_.in_order()) {
    const auto& x = wanted_.at(id);
    if (auto i = problem.find_item(x.job, x.item)) {
      line.push_back(*i);
    }
  }
  offer_room(problem, line);
  return line;
}

/// Every worker reports: the slots that requests hold, and what is free, cut into slots for those who wait, in line.
void slot_books::offer_room(const assignment_problem& problem, const std::vector<item_index>& line) {
  auto books = held_now(problem);
  std::map<worker_index, std::vector<item_index>> holding;
  std::vector<item_index> waiting;
  std::vector<allocation_id> names;
  std::map<allocation_id, std::size_t> at;
  for (auto i : line) {
    const auto j = problem.job_of(i);
    const auto w = problem.previous(i);
    if (w != no_worker && problem.eligible(j, w)) {
      holding[w].push_back(i);
    } else {
      names.push_back(id_of(problem.job(j).name, problem.item_name(i)));
      at.emplace(names.back(), waiting.size());
      waiting.push_back(i);
    }
  }
  std::vector<char> served(waiting.size(), 0);
  std::set<job_index> jobs;
  for (auto i : waiting) {
    jobs.insert(problem.job_of(i));
  }
  // First what each holds: a slot that is free must not go to a request that has one elsewhere already.
  std::vector<slots_of_worker> offers(problem.worker_count());
  for (worker_index w = 0; w < problem.worker_count(); ++w) {
    offers[w] = in_use(problem, w, holding[w]);
    const auto& name = problem.worker(w).name;
    if (!offers[w].report.empty() || reported_.count(name) > 0) {
      reported_.insert(name);
      slots_.report(name, offers[w].report);
    }
  }
  for (worker_index w = 0; w < problem.worker_count(); ++w) {
    const auto& worker = problem.worker(w);
    auto& report = offers[w].report;
    const auto held = report.size();
    std::set<job_index> open;
    for (auto j : jobs) {
      if (worker.accepts_new() && books.blocks_any(j, w) == plan_rule::none) {
        open.insert(j);
      }
    }
    for (std::size_t k = 0; !open.empty() && k < waiting.size(); ++k) {
      const auto j = problem.job_of(waiting[k]);
      if (served[k] != 0 || open.count(j) == 0) {
        continue;
      }
      if (books.blocks_any(j, w) != plan_rule::none) {
        open.erase(j);
      } else if (books.blocks(j, waiting[k], w) == plan_rule::none) {
        books.put(j, waiting[k], w);
        report.push_back({offers[w].number(), wanted_.at(names[k]).request.profile, {}});
      }
    }
    if (report.size() == held) {
      continue;
    }
    reported_.insert(worker.name);
    auto effects = slots_.report(worker.name, report);
    answer_refusals(problem, effects);
    for (const auto& e : effects) {
      if (const auto k = at.find(e.request); e.kind == slot_effect::what::allocate && k != at.end()) {
        served[k->second] = 1;
      }
    }
  }
}

/// What the worker holds of what is wanted, each with the number of its slot where it has one.
slot_books::slots_of_worker slot_books::in_use(const assignment_problem& problem, worker_index w,
                                               const std::vector<item_index>& items) const {
  const auto& name = problem.worker(w).name;
  slots_of_worker result;
  std::vector<allocation_id> without;
  for (auto i : items) {
    auto id = id_of(problem.job(problem.job_of(i)).name, problem.item_name(i));
    const auto known = slots_.slot_of(id);
    if (known && known->worker == name && result.taken.insert(known->slot).second) {
      result.report.push_back({known->slot, wanted_.at(id).request.profile, id});
    } else {
      without.push_back(std::move(id));
    }
  }
  for (const auto& id : without) {
    result.report.push_back({result.number(), wanted_.at(id).request.profile, id});
  }
  return result;
}

/// A slot that is asked for an item which its worker has refused is refused as well: the request is asked for anew
/// elsewhere, or wants capacity. Only what is still asked for is left among the effects.
void slot_books::answer_refusals(const assignment_problem& problem, slot_effects& effects) {
  for (std::size_t n = 0; n < effects.size(); ++n) {
    const auto e = effects[n];
    if (e.kind != slot_effect::what::allocate) {
      continue;
    }
    const auto& x = wanted_.at(e.request);
    const auto i = problem.find_item(x.job, x.item);
    const auto w = problem.find_worker(e.slot.worker);
    if (!i || !w || !problem.job(problem.job_of(*i)).refuses(*i - problem.first_item(problem.job_of(*i)), *w)) {
      continue;
    }
    effects.erase(effects.begin() + static_cast<std::ptrdiff_t>(n--));
    append(effects, slots_.refused(e.slot, e.request));
  }
}

/// Slots that are in use, and those asked for a request that `stays` in question, are all there is.
slot_effects slot_books::close_room(const std::function<bool(const allocation_id&)>& stays) {
  std::map<node_id, std::vector<slot_report>> reports;
  for (const auto& w : reported_) {
    reports[w];
  }
  for (const auto& [id, x] : wanted_) {
    const auto state = slots_.state_of(id);
    if (state == slot_manager::request_state::served) {
      const auto at = *slots_.slot_of(id);
      reports[at.worker].push_back({at.slot, x.request.profile, id});
    } else if (state == slot_manager::request_state::asked && stays(id)) {
      const auto at = *slots_.slot_of(id);
      reports[at.worker].push_back({at.slot, x.request.profile, {}});
    }
  }
  slot_effects effects;
  for (const auto& [worker, report] : reports) {
    append(effects, slots_.report(worker, report));
  }
  return effects;
}

std::map<job_id, std::uint64_t> slot_books::planned(const cluster_image& image, const assignment_problem& problem,
                                                    const plan& p) {
  auto effects = close_room([&](const allocation_id& id) {
    const auto& x = wanted_.at(id);
    const auto i = problem.find_item(x.job, x.item);
    return i && p.owner[*i] != no_worker;
  });
  std::map<job_id, std::uint64_t> wanting;
  for (const auto& u : p.unassigned) {
    const auto& job = problem.job(problem.job_of(u.item));
    const auto name = problem.item_name(u.item);
    auto id = id_of(job.name, name);
    const auto room = lacks_room(u.reason);
    if (wanted_.count(id) == 0 && wanted_.size() < most_requests && (room || lacks_worker(u.reason))) {
      const auto senior = had_owner(image, job.name, name);
      if (room || senior) {
        auto& x = wanted_[id];
        x = {job.name, item_id{name}, {id, profile_of(problem, job), static_cast<int>(job.priority), senior}};
        append(effects, slots_.request(x.request));
        answer_refusals(problem, effects);
      }
    }
    if (room || wanted_.count(id) > 0) {
      ++wanting[job.name];
    }
  }
  std::map<job_id, std::uint64_t> wishes;
  for (const auto& e : effects) {
    if (e.kind == slot_effect::what::capacity_wanted &&
        slots_.state_of(e.request) == slot_manager::request_state::waiting) {
      const auto& job = wanted_.at(e.request).job;
      wishes[job] = wanting[job];
    }
  }
  return wishes;
}

void slot_books::written(const assignment_problem& problem, const plan& p) {
  if (empty()) {
    return;
  }
  std::map<node_id, std::vector<slot_report>> reports;
  for (const auto& w : reported_) {
    if (problem.find_worker(w)) {
      reports[w];
    }
  }
  std::map<node_id, std::set<std::uint32_t>> taken;
  std::vector<std::pair<allocation_id, node_id>> elsewhere;
  for (const auto& [id, x] : wanted_) {
    const auto i = problem.find_item(x.job, x.item);
    if (!i || p.owner[*i] == no_worker) {
      continue;
    }
    const auto& worker = problem.worker(p.owner[*i]).name;
    const auto at = slots_.slot_of(id);
    if (at && at->worker == worker && taken[worker].insert(at->slot).second) {
      slots_.confirmed(*at, id);
      reports[worker].push_back({at->slot, x.request.profile, id});
    } else {
      elsewhere.emplace_back(id, worker);
    }
  }
  for (const auto& [id, worker] : elsewhere) {
    std::uint32_t number = 0;
    while (!taken[worker].insert(number).second) {
      ++number;
    }
    reports[worker].push_back({number, wanted_.at(id).request.profile, id});
  }
  for (const auto& [worker, report] : reports) {
    reported_.insert(worker);
    slots_.report(worker, report);
  }
  if (slots_.requests(slot_manager::request_state::served) == wanted_.size()) {
    clear();
  }
}

void slot_books::withdrawn() {
  close_room([](const allocation_id&) { return false; });
}

} // namespace djm
