#include <doctest/doctest.h>

#include "djm/item_state.hpp"
#include "test/unit/cores/fake_store.hpp"
#include "zkstore/tree/item_states.hpp"
#include "zkstore/tree/job_records.hpp"

using namespace djm;
using namespace djm::test;

/// What operators set and see of the saved states of items.
namespace {

const item_ref item{"j", "a"};

class states_tree {
public:
  states_tree() {
    prepare(tree_);
    session_ = tree_.open();
    job_spec spec;
    spec.id = "j";
    tree_.put("/djm/jobs/j", store::encode(store::first_record(*store::to_offer(spec), nullptr)));
  }

  store::state_question look() {
    read_batch ask;
    const store::state_question found{schema_, item, ask};
    ask.take(tree_.read(session_, ask.next_part(100)).results);
    return found;
  }
  expected<store::state_change> decide(const std::string& state, std::optional<std::int64_t> version = {},
                                       std::optional<std::int64_t> tried = {}, const std::string& by = "me") {
    return store::carry_out(schema_, {item, bytes_of(state), version, by}, look(), tried, 1'700'000'000'000);
  }
  void write(const store::state_change& x) {
    REQUIRE(std::holds_alternative<store::committed>(tree_.commit(session_, {x.ops})));
  }
  store::state_payload stored() const {
    return store::decode<store::state_payload>(tree_.data("/djm/states/j/a"), "a").value();
  }
  item_state seen() { return store::state_of(schema_, look()).value(); }
  fake_store& tree() { return tree_; }

  const store::tree_schema schema_{"/djm"};

private:
  fake_store tree_;
  fake_store::session session_ = 0;
};

store::state_payload saved_by_node(const std::string& state) {
  store::state_payload p;
  p.token = 42;
  p.seq = 3;
  p.epoch = 1;
  p.state = bytes_of(state);
  p.saved_by = "n1";
  return p;
}

} // namespace

TEST_CASE("item states: an order sets the state, raises the epoch, and leaves the fence where it is") {
  states_tree t;
  t.tree().put("/djm/states/j/a", store::encode(saved_by_node("theirs")));
  CHECK(t.seen().version == 1);
  CHECK(t.seen().token == 42);
  const auto x = t.decide("mine", 1);
  REQUIRE(x.has_value());
  t.write(*x);
  const auto p = t.stored();
  CHECK(p.token == 42);
  CHECK(p.epoch == 2);
  CHECK(p.saved_by.empty());
  CHECK(x->after.version == 2);
  CHECK(t.seen().version == 2);
  CHECK(t.seen().token == 0);
  CHECK(*t.seen().state == bytes_of("mine"));
}

TEST_CASE("item states: a state can be set before anything was saved, and taken away") {
  states_tree t;
  CHECK(t.seen().version == 0);
  CHECK_FALSE(t.seen().state);
  t.write(*t.decide("begin here", 0));
  CHECK(t.seen().version == 1);
  const auto gone = store::carry_out(t.schema_, {item, std::nullopt, std::nullopt, "me2"}, t.look(), {}, 1);
  t.write(*gone);
  CHECK(t.seen().version == 2);
  CHECK_FALSE(t.seen().state);
}

TEST_CASE("item states: another version is a conflict that names the present one") {
  states_tree t;
  t.write(*t.decide("one"));
  const auto late = t.decide("two", 0);
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().code == errc::conflict);
  CHECK(late.error().text.find("version 1, not 0") != std::string::npos);
}

TEST_CASE("item states: after an unknown outcome an order that stands is not repeated") {
  states_tree t;
  const auto x = t.decide("one");
  t.write(*x);
  const auto again = t.decide("one", {}, x->after.version);
  REQUIRE(again.has_value());
  CHECK(again->ops.empty());
  CHECK(again->after.version == 1);
  // A run has saved on top of it.
  auto p = t.stored();
  p.saved_by = "n1";
  ++p.seq;
  t.tree().put("/djm/states/j/a", store::encode(p));
  CHECK(t.decide("one", {}, x->after.version)->ops.empty());
}

TEST_CASE("item states: after an unknown outcome an order is repeated only where nobody has changed anything since") {
  states_tree t;
  t.write(*t.decide("one", {}, {}, "other"));
  const auto lost = t.decide("two");
  REQUIRE(lost->after.version == 2);
  CHECK_FALSE(t.decide("two", {}, 2)->ops.empty());
  t.write(*t.decide("three", {}, {}, "other"));
  const auto doubtful = t.decide("two", {}, 2);
  REQUIRE_FALSE(doubtful.has_value());
  CHECK(doubtful.error().code == errc::unknown_outcome);
}

TEST_CASE("item states: orders about jobs that are not there, and states that are too large, are refused") {
  states_tree t;
  CHECK(t.decide(std::string(max_item_state + 1, 'x')).error().code == errc::too_large);
  CHECK(t.decide(std::string(max_item_state, 'x')).has_value());
  t.tree().erase("/djm/jobs/j");
  CHECK(t.decide("x").error().code == errc::unknown_job);
  CHECK(store::state_of(t.schema_, t.look()).error().code == errc::unknown_job);
}

TEST_CASE("item states: a record that makes no sense is shown as such, and replaced by an order") {
  states_tree t;
  t.tree().put("/djm/states/j/a", "{");
  CHECK(store::state_of(t.schema_, t.look()).error().code == errc::malformed_payload);
  t.write(*t.decide("mended"));
  CHECK(*t.seen().state == bytes_of("mended"));
  CHECK(t.stored().epoch > 1); // no turn has seen it before
}
