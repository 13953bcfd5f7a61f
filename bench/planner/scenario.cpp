#include "bench/planner/scenario.hpp"

#include <charconv>
#include <cstdio>

#include "strategies/murmur3.hpp"

namespace djm::bench {

namespace {

template <class... Ts>
std::string format(const char* pattern, Ts... xs) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, pattern, xs...);
  return buffer;
}

std::vector<int> able(const scale& s, int job) {
  std::vector<int> result;
  for (int w = 0; w < s.workers; ++w) {
    if (offers(s, job, w)) {
      result.push_back(w);
    }
  }
  return result;
}

} // namespace

std::string to_string(event e) {
  switch (e) {
  case event::cold: return "cold start";
  case event::nothing: return "nothing changed";
  case event::one_joins: return "one worker joins";
  case event::one_dies: return "one worker dies";
  case event::tenth_dies: return "10 % of workers die";
  case event::items_come: return "10 % of items come";
  case event::items_go: return "10 % of items go";
  }
  return "?";
}

bool offers(const scale& s, int job, int worker) {
  if (!s.half) {
    return true;
  }
  const auto h =
    mix64(mix64(7 * 1000003ull + static_cast<std::uint64_t>(job)) * 31 + static_cast<std::uint64_t>(worker));
  return (h >> 63) == 0;
}

node_id worker_name(int w) {
  return node_id{format("worker-%05d", w)};
}

job_id job_name(int j) {
  return job_id{format("job-%04d", j)};
}

item_id item_name(int i) {
  return item_id{format("item-%07d", i)};
}

std::vector<item_id> items_after(const scale& s, event e, int j) {
  std::vector<item_id> result;
  const auto count = e == event::items_come ? s.items_per_job + s.items_per_job / 10 : s.items_per_job;
  for (int i = 0; i < count; ++i) {
    const auto g =
      static_cast<std::uint64_t>(j) * static_cast<std::uint64_t>(s.items_per_job) + static_cast<std::uint64_t>(i);
    if (e != event::items_go || mix64(0xABCDEF + g) % 10 != 0) {
      result.push_back(item_name(i));
    }
  }
  return result;
}

std::vector<int> workers_after(const scale& s, event e) {
  std::vector<int> result;
  for (int w = 0; w < s.workers + (e == event::one_joins ? 1 : 0); ++w) {
    if (!(e == event::one_dies && w == s.workers / 2) && !(e == event::tenth_dies && w < s.workers / 10)) {
      result.push_back(w);
    }
  }
  return result;
}

int owner_before(const scale& s, int j, int i) {
  static thread_local struct {
    int job = -1;
    bool half = false;
    int workers = 0;
    std::vector<int> list;
  } cache;
  if (cache.job != j || cache.half != s.half || cache.workers != s.workers) {
    cache = {j, s.half, s.workers, able(s, j)};
  }
  if (i >= s.items_per_job) {
    return -1;
  }
  const auto at =
    (static_cast<std::size_t>(j) * static_cast<std::size_t>(s.items_per_job) + static_cast<std::size_t>(i)) %
    cache.list.size();
  return cache.list[at];
}

interned interned_items(const scale& s, event e) {
  interned result;
  for (int j = 0; j < s.jobs; ++j) {
    result.push_back(item_set::make(items_after(s, e, j)).value());
  }
  return result;
}

assignment_problem problem_after(const scale& s, event e) {
  return problem_of(s, e, interned_items(s, e));
}

assignment_problem problem_of(const scale& s, event e, const interned& sets) {
  problem_builder builder{problem_builder::mode::lenient};
  std::vector<node_id> names; // every worker that ever was
  for (int w = 0; w <= s.workers; ++w) {
    names.push_back(worker_name(w));
  }
  for (auto w : workers_after(s, e)) {
    builder.add_worker(names[static_cast<std::size_t>(w)], {},
                       s.half ? problem_builder::offers::listed_jobs : problem_builder::offers::all_jobs);
  }
  job_attributes attributes;
  attributes.strategy = s.strategy;
  for (int j = 0; j < s.jobs; ++j) {
    const auto& items = sets[static_cast<std::size_t>(j)];
    builder.add_job(job_name(j), attributes, items);
    if (e == event::cold) {
      continue;
    }
    std::vector<worker_index> owners;
    for (std::size_t k = 0; k < items->size(); ++k) {
      const auto name = items->name(k);
      int number = 0;
      std::from_chars(name.data() + 5, name.data() + name.size(), number);
      const auto owner = owner_before(s, j, number);
      owners.push_back(owner < 0 ? no_worker : static_cast<worker_index>(owner));
    }
    builder.set_previous(job_name(j), names, owners);
  }
  if (s.half) {
    for (auto w : workers_after(s, e)) {
      for (int j = 0; j < s.jobs; ++j) {
        if (offers(s, j, w)) {
          builder.set_eligible(names[static_cast<std::size_t>(w)], job_name(j));
        }
      }
    }
  }
  return builder.build().value();
}

} // namespace djm::bench
