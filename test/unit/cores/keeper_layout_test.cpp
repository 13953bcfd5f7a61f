#include <doctest/doctest.h>

#include "test/unit/cores/keeper_rig.hpp"

using namespace djm;
using namespace djm::test;

namespace {

constexpr auto layout_1 = R"({"v":1,"format":1})";

/// A tree as the version before records has left it, with its node "old" alive.
struct former_rig : keeper_rig {
  former_rig() {
    prepare(tree);
    tree.put("/djm/format", layout_1);
    tree.erase("/djm/jobs");
    tree.erase("/djm/jobs-version");
    offer("j");
    pool("j", {"a"});
  }
  /// One that says nothing of a layout.
  fake_store::session old_node() {
    const auto s = tree.open();
    enlist(tree, s, "old", "i0", {});
    return s;
  }
};

} // namespace

TEST_CASE("keeper: a tree of the layout before is taken over when no living node of that is left") {
  former_rig r;
  const auto old_one = r.old_node();
  CHECK(r.d.connect() == "");
  r.d.pass(seconds{60});
  CHECK(r.tree.data("/djm/format") == layout_1);
  CHECK(r.all_events().find("nodes of the layout before 2 are alive: old") != std::string::npos);
  r.tree.end(old_one);
  r.d.pass(seconds{10});
  CHECK(r.d.core.is_joined());
  CHECK(store::decode<store::format_payload>(r.tree.data("/djm/format"), "")->format == 2);
  CHECK(r.tree.has("/djm/jobs/j"));
  CHECK(r.all_events().find(show(emit_effect{problem_over{"keeper", "layout"}})) != std::string::npos);
}

TEST_CASE("keeper: an old node that joins while the layout is raised keeps it from being raised") {
  former_rig r;
  r.d.fates = {fate::delayed};
  r.d.connect();
  REQUIRE(r.d.held.size() == 1);
  r.old_node();
  r.d.answer_held();
  CHECK(r.tree.data("/djm/format") == layout_1);
  r.d.pass(seconds{10});
  CHECK_FALSE(r.d.core.is_joined());
}
