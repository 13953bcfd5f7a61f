#include "test/sim/prepare_rules.hpp"

#include <doctest/doctest.h>

#include "zkstore/payloads.hpp"
#include "zkstore/tree/job_records.hpp"

/// The judge of preparations is fed with histories that break one rule each.
using namespace djm;
using namespace djm::sim;

namespace {

class prepared_history {
public:
  prepared_history() {
    job_spec spec;
    spec.id = "j";
    spec.prepares = true;
    record = store::first_record(*store::to_offer(spec), nullptr);
    change("/djm/jobs/j", store::encode(record), store::node_change::kind::create);
  }
  void save(const char* text, bool lawless = false) {
    store::state_payload p;
    p.state = bytes_of(text);
    change("/djm/states/j/.prepare", store::encode(p), store::node_change::kind::set, lawless);
  }
  void write(std::int64_t generation, std::int64_t prepared) {
    record.generation = generation;
    record.prepared = prepared;
    ++record.rev;
    change("/djm/jobs/j", store::encode(record), store::node_change::kind::set);
  }
  void run(std::int64_t generation, const char* item = "a") {
    rules.run_began("j", {{item_id{item}, 1}}, generation, say);
  }
  std::size_t broken() { return std::exchange(count_, 0); }

  prepare_rules rules;
  store::job_payload record;
  prepare_rules::say say = [this](const std::string&) { ++count_; };

private:
  void change(const char* path, std::string data, store::node_change::kind what, bool lawless = false) {
    store::node_change c;
    c.path = path;
    c.data = std::move(data);
    c.what = what;
    rules.sees(c, lawless, say);
  }
  std::size_t count_ = 0;
};

} // namespace

TEST_CASE("P1: an orderly preparation breaks nothing") {
  prepared_history h;
  h.run(1, ".prepare");
  h.save("1/77");
  h.write(0, 1);
  h.run(1);
  h.write(1, 1);
  h.run(1); // of a node that has not heard yet
  h.save("2/78");
  h.write(1, 2);
  h.run(2);
  h.run(0); // of a version that prepares nothing
  h.rules.quiescent("j", h.say);
  CHECK(h.broken() == 0);
  CHECK(h.rules.counted() == 2);
}

TEST_CASE("P1: a run before its preparation is noticed") {
  prepared_history h;
  h.run(1);
  CHECK(h.broken() == 1);
  h.save("1/77");
  h.run(2);
  CHECK(h.broken() == 1);
}

TEST_CASE("P1: a record that says more than is saved, or less than before, is noticed") {
  prepared_history h;
  h.write(0, 1);
  CHECK(h.broken() == 1);
  h.save("1/77");
  h.write(1, 0);
  CHECK(h.broken() == 1);
}

TEST_CASE("P1: what is done again is noticed, and what strangers write is not judged") {
  prepared_history h;
  h.save("1/77");
  h.save("1/78");
  CHECK(h.broken() == 1);
  h.save("1/79", true);
  CHECK(h.broken() == 0);
}

TEST_CASE("P1: a job that still waits at rest is noticed") {
  prepared_history h;
  h.rules.quiescent("j", h.say);
  CHECK(h.broken() == 1);
}
