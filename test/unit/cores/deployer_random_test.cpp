#include <memory>
#include <random>
#include <set>

#include <doctest/doctest.h>

#include "test/unit/cores/deployer_rig.hpp"

using namespace djm;
using namespace djm::test;

namespace {

/// Some nodes, whose sessions and lives end at any moment, and somebody who submits and removes. Of each submission it
/// is drawn what its factory does.
class deploy_game {
public:
  explicit deploy_game(unsigned seed) : draw_(seed) {
    prepare(tree_);
    for (const auto* name : {"a", "b", "c"}) {
      places_.push_back({node_id{name}, 0, nullptr, {}});
      begin_life(places_.back());
    }
  }

  void play() {
    for (int n = 0; n < 120; ++n) {
      move();
      for (auto& p : places_) {
        p.node->d.settle();
        carry_out(p);
      }
      check_factories();
    }
    for (int n = 0; n < 40; ++n) {
      for (auto& p : places_) {
        p.node->d.fates.clear();
        if (!p.node->d.connected()) {
          p.node->join();
        }
        p.node->d.pass(std::chrono::seconds{5});
        carry_out(p);
      }
    }
    check_end();
  }

private:
  enum class nature { works, throws, kills, hangs };
  struct place {
    node_id id;
    int life;
    std::unique_ptr<deploying_node> node;
    std::map<job_id, store::zxid_t> jobs; ///< that the node has
    std::size_t done = 0;                 ///< effects that were carried out
    store::zxid_t inside = 0;             ///< the submission whose factory it is in
  };

  unsigned pick(unsigned n) { return static_cast<unsigned>(draw_() % n); }

  void begin_life(place& p) {
    if (p.node) {
      p.node->d.expire();
    }
    p.jobs.clear();
    p.done = 0;
    p.inside = 0;
    ++p.life;
    p.node = std::make_unique<deploying_node>(tree_, p.id, p.id + std::to_string(p.life));
    p.node->join();
    carry_out(p);
  }

  void move() {
    const job_id job{pick(2) == 0 ? "j" : "k"};
    auto& p = places_[pick(3)];
    switch (pick(7)) {
    case 0:
    case 1:
      if (!tree_.has(submission_path(job))) {
        nature_[submit_to(tree_, job)] = static_cast<nature>(std::min(pick(6), 3U));
      }
      break;
    case 2:
      if (tree_.has(submission_path(job))) {
        remove_from(tree_, job);
      }
      break;
    case 3: // cut off, and back as the same life
      if (p.node->d.connected()) {
        p.node->d.expire();
        p.inside = 0; // to the others it has ended there, whatever its thread does
      } else {
        p.node->join();
      }
      break;
    case 4: begin_life(p); break;
    case 5: p.node->d.fates = {pick(2) == 0 ? fate::unknown_applied : fate::unknown_lost}; break;
    default: p.node->d.pass(std::chrono::milliseconds{100 * (1 + pick(100))}); break;
    }
  }

  /// What the core has asked of its node.
  void carry_out(place& p) {
    while (p.done < p.node->d.others.size()) {
      const auto e = p.node->d.others[p.done++];
      if (const auto* m = std::get_if<deployer_core::make>(&e)) {
        p.inside = m->number;
        const auto what = nature_.at(m->number);
        if (what == nature::kills) {
          ++died_[m->number];
          CHECK_MESSAGE(died_[m->number] <= 2, "a submission ends one process after the other");
          begin_life(p);
          return;
        }
        if (what != nature::hangs) {
          p.node->made(m->number, what == nature::throws ? "it throws" : "");
        }
      } else if (const auto* r = std::get_if<deployer_core::register_made>(&e)) {
        p.inside = 0;
        CHECK(p.jobs.count(r->id) == 0);
        p.jobs[r->id] = r->number;
        p.node->registered(r->id, r->number);
      } else if (const auto* w = std::get_if<deployer_core::withdraw>(&e)) {
        p.jobs.erase(w->id);
        p.node->withdrawn(w->id);
      } else {
        p.inside = 0;
      }
    }
  }

  /// No two that are alive call the factory of one submission at once.
  void check_factories() {
    std::set<store::zxid_t> inside;
    for (const auto& p : places_) {
      if (p.inside != 0 && tree_.has("/djm/alive/" + p.id)) {
        CHECK_MESSAGE(inside.insert(p.inside).second, "two call one factory");
      }
    }
  }

  void check_end() {
    for (const auto& p : places_) {
      for (const auto* job : {"j", "k"}) {
        const job_id id{job};
        const auto path = submission_path(id);
        const auto there = tree_.has(path) ? tree_.stat(path).czxid : 0;
        const auto has = p.jobs.count(id) > 0 ? p.jobs.at(id) : 0;
        CHECK_MESSAGE((has == 0 || has == there), "a job whose submission is gone stays");
        if (there != 0 && nature_.at(there) == nature::works && said_of(tree_, id).died.size() < 2) {
          CHECK_MESSAGE(has == there, "what works is not deployed");
        }
      }
    }
  }

  std::mt19937 draw_;
  fake_store tree_;
  std::vector<place> places_;
  std::map<store::zxid_t, nature> nature_;
  std::map<store::zxid_t, int> died_;
};

} // namespace

TEST_CASE("deployer: whatever comes and goes, what is submitted is deployed, what is removed is given back, and no "
          "submission ends more than two processes") {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    deploy_game{seed}.play();
  }
}
