#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "djm/strategy.hpp"

/// Random problems from one seed, so that a failing case is replayed from the number that the test prints.
namespace djm::test {

/// What a generated problem may contain beyond workers, jobs, items and previous owners.
struct ingredients {
  bool partial = false;  ///< workers that do not offer every job
  bool gone = true;      ///< previous owners that are not there
  bool limits = false;   ///< max_per_worker
  bool few = false;      ///< max_workers
  bool slots = false;    ///< max_items
  bool profiles = false; ///< resources
  bool pins = false;
  bool drains = false;
  bool cordons = false;
  bool zones = false;
  bool priorities = false;
  bool labels = false;
  bool separate = false;
  bool colocate = false;
  bool weights = false; ///< of workers
  bool item_weights = false;
  bool relaxations = false;
  int workers = 4;
  int jobs = 3;
  int items = 7;
};

class generator {
public:
  explicit generator(std::uint32_t seed) : random_(seed) {}

  int upto(int n) { return n <= 0 ? 0 : static_cast<int>(random_() % static_cast<std::uint32_t>(n + 1)); }
  bool once_in(int n) { return random_() % static_cast<std::uint32_t>(n) == 0; }

  assignment_problem make(const ingredients& with) { return build(draw(with), 0); }

  /// What a problem is built from, in any order.
  struct raw {
    struct worker {
      node_id name;
      worker_attributes attributes;
      std::vector<job_id> jobs;
    };
    struct job {
      job_id name;
      job_attributes attributes;
      std::vector<item_id> items;
    };
    bool listed = false;
    std::vector<worker> workers;
    std::vector<job> jobs;
    std::vector<std::tuple<node_id, job_id, item_id>> previous;
  };

  raw draw(const ingredients& with) {
    raw x;
    x.listed = with.partial;
    const auto workers = 1 + upto(with.workers - 1);
    const auto jobs = 1 + upto(with.jobs - 1);
    auto worker_name = [](int w) { return node_id{"w-" + std::to_string(w)}; };
    auto job_name = [](int j) { return job_id{"j-" + std::to_string(j)}; };
    std::vector<std::vector<item_id>> names(static_cast<std::size_t>(jobs));
    for (int k = 0, n = upto(with.items); k < n; ++k) {
      names[static_cast<std::size_t>(upto(jobs - 1))].emplace_back("i-" + std::to_string(k));
    }
    for (int w = 0; w < workers; ++w) {
      worker_attributes a;
      if (with.zones) {
        a.zone = "z-" + std::to_string(upto(1));
      }
      if (with.slots && !once_in(3)) {
        a.max_items = static_cast<std::uint32_t>(1 + upto(3));
      }
      if (with.profiles) {
        a.capacity["cpu"] = 500 * upto(6);
      }
      if (with.labels && once_in(2)) {
        a.labels.push_back("ssd");
      }
      if (with.weights) {
        a.weight = 500 * (1 + upto(3));
      }
      a.draining = with.drains && once_in(4);
      a.cordoned = with.cordons && once_in(4);
      x.workers.push_back({worker_name(w), a, {}});
    }
    for (int j = 0; j < jobs; ++j) {
      job_attributes a;
      const auto& list = names[static_cast<std::size_t>(j)];
      if (with.limits && once_in(2)) {
        a.max_per_worker = static_cast<std::uint32_t>(1 + upto(2));
      }
      if (with.few && once_in(2)) {
        a.max_workers = static_cast<std::uint32_t>(1 + upto(2));
      }
      if (with.profiles && !once_in(3)) {
        a.profile["cpu"] = 500 * (1 + upto(2));
      }
      if (with.priorities) {
        a.priority = static_cast<job_priority>(upto(2));
      }
      if (with.labels && once_in(2)) {
        a.requires_labels.push_back("ssd");
      }
      if (with.zones && once_in(2)) {
        a.spread = spread_rule::zone;
      }
      // Not both pins and a limit: where they contradict each other pins win, whatever moves that costs.
      if (with.pins && a.max_per_worker == 0) {
        for (const auto& item : list) {
          if (once_in(4)) {
            a.pinned[item] = worker_name(upto(workers)); // now and then to one that is not there
          }
        }
      }
      if (with.separate && j > 0 && once_in(2)) {
        a.separate_from.push_back(job_name(upto(j - 1)));
      } else if (with.colocate && j > 0 && once_in(2)) {
        a.colocate_with.push_back(job_name(upto(j - 1)));
      }
      if (with.item_weights) {
        for (const auto& item : list) {
          if (once_in(2)) {
            a.item_weights[item] = 500 * upto(6);
          }
        }
      }
      if (with.relaxations && once_in(3)) {
        a.relaxation = once_in(2) ? relaxation::one_worker() : relaxation::on(worker_name(upto(workers - 1)));
      }
      x.jobs.push_back({job_name(j), a, list});
    }
    for (int w = 0; with.partial && w < workers; ++w) {
      for (int j = 0; j < jobs; ++j) {
        if (!once_in(3)) {
          x.workers[static_cast<std::size_t>(w)].jobs.push_back(job_name(j));
        }
      }
    }
    for (int j = 0; j < jobs; ++j) {
      for (const auto& item : names[static_cast<std::size_t>(j)]) {
        if (!once_in(3)) {
          x.previous.emplace_back(worker_name(once_in(3) ? 0 : upto(with.gone ? workers : workers - 1)), job_name(j),
                                  item);
        }
      }
    }
    return x;
  }

  /// Inserts the pieces in an order that depends on `shuffle` (0: as they are).
  static assignment_problem build(raw x, std::uint32_t shuffle) {
    if (shuffle != 0) {
      std::mt19937 random{shuffle};
      std::shuffle(x.workers.begin(), x.workers.end(), random);
      std::shuffle(x.jobs.begin(), x.jobs.end(), random);
      std::shuffle(x.previous.begin(), x.previous.end(), random);
      for (auto& j : x.jobs) {
        std::shuffle(j.items.begin(), j.items.end(), random);
      }
    }
    problem_builder builder{problem_builder::mode::lenient};
    for (const auto& w : x.workers) {
      builder.add_worker(w.name, w.attributes,
                         x.listed ? problem_builder::offers::listed_jobs : problem_builder::offers::all_jobs);
    }
    for (const auto& j : x.jobs) {
      builder.add_job(j.name, j.attributes, j.items);
    }
    for (const auto& w : x.workers) {
      for (const auto& j : w.jobs) {
        builder.set_eligible(w.name, j);
      }
    }
    for (const auto& [w, j, item] : x.previous) {
      builder.set_previous(w, j, item);
    }
    return builder.build().value();
  }

private:
  std::mt19937 random_;
};

} // namespace djm::test
