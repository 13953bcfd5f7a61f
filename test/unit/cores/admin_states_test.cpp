#include <doctest/doctest.h>

#include "test/unit/cores/admin_rig.hpp"
#include "zkstore/tree/job_records.hpp"

using namespace djm;
using namespace djm::test;

/// What operators see and set of the saved states of items, through a node.
namespace {

constexpr auto state_path = "/djm/states/j/a";

struct state_orders_rig : admin_rig {
  state_orders_rig() {
    job_spec spec;
    spec.id = "j";
    tree.put("/djm/jobs/j", store::encode(store::first_record(*store::to_offer(spec), nullptr)));
    join();
  }
  std::string see(const job_id& job = "j") { return ask(admin_core::see_state{{job, "a"}}); }
  std::string set(const std::string& text, std::optional<std::int64_t> version = {}, bool offered = false,
                  const job_id& job = "j") {
    return ask(admin_core::set_state{{{job, "a"}, bytes_of(text), version, {}}, offered});
  }
  item_state answered() const { return std::get<admin_core::done>(d.others.back()).saved; }
  store::state_payload stored() const {
    return *store::decode<store::state_payload>(tree.data(state_path), state_path);
  }
};

} // namespace

TEST_CASE("admin: a state is set under its version and that of the job's record, and seen") {
  state_orders_rig r;
  CHECK(r.see() == "1 done");
  CHECK(r.answered().version == 0);
  r.d.take_written();
  CHECK(r.set("one") == "2 done");
  CHECK(r.d.take_written() ==
        std::vector<std::string>{"check alive/n, check jobs/j@0, create states/j, create states/j/a"});
  CHECK(r.answered().version == 1);
  CHECK(r.set("two", 1) == "3 done");
  CHECK(r.d.take_written() == std::vector<std::string>{"check alive/n, check jobs/j@0, set states/j/a@0"});
  CHECK(r.see() == "4 done");
  CHECK(r.answered().version == 2);
  CHECK(*r.answered().state == bytes_of("two"));
  CHECK(r.set("three", 1).find("conflict") != std::string::npos);
  CHECK(r.set("three", {}, false, "none").find("unknown_job") != std::string::npos);
}

TEST_CASE("admin: a state whose order has an unknown outcome is set once") {
  for (const auto f : {fate::unknown_applied, fate::unknown_lost}) {
    state_orders_rig r;
    r.set("one");
    const auto before = r.stored().epoch;
    r.d.fates = {f};
    r.set("two");
    r.d.pass(std::chrono::seconds{10});
    CHECK(r.stored().epoch == before + 1);
    CHECK(r.tree.stat(state_path).version == 1);
    CHECK(*r.stored().state == bytes_of("two"));
  }
}

TEST_CASE("admin: a state of a job whose record is on its way waits for it") {
  state_orders_rig r;
  r.tree.erase("/djm/jobs/j");
  CHECK(r.set("one", {}, true) == "");
  job_spec spec;
  spec.id = "j";
  r.tree.put("/djm/jobs/j", store::encode(store::first_record(*store::to_offer(spec), nullptr)));
  CHECK(r.d.pass(std::chrono::seconds{10}) == "1 done");
  CHECK(*r.stored().state == bytes_of("one"));
}
