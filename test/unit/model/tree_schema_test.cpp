#include "zkstore/tree_schema.hpp"

#include <set>

#include <doctest/doctest.h>

using namespace djm::store;

TEST_CASE("every path of the tree is where the protocol says") {
  const tree_schema t{"/djm"};
  CHECK(t.root() == "/djm");
  CHECK(t.format() == "/djm/format");
  CHECK(t.alive() == "/djm/alive");
  CHECK(t.alive("w") == "/djm/alive/w");
  CHECK(t.latches() == "/djm/leader-latch");
  CHECK(t.latch_prefix("w", "i") == "/djm/leader-latch/w-i-");
  CHECK(t.latch("w-i-0000000001") == "/djm/leader-latch/w-i-0000000001");
  CHECK(t.workers() == "/djm/workers");
  CHECK(t.worker("w") == "/djm/workers/w");
  CHECK(t.available("w") == "/djm/workers/w/available");
  CHECK(t.available("w", "j") == "/djm/workers/w/available/j");
  CHECK(t.assigned("w") == "/djm/workers/w/assigned");
  CHECK(t.assigned("w", "j") == "/djm/workers/w/assigned/j");
  CHECK(t.assigned("w", "j", "i") == "/djm/workers/w/assigned/j/i");
  CHECK(t.marks() == "/djm/marks");
  CHECK(t.states() == "/djm/states");
  CHECK(t.states("mail") == "/djm/states/mail");
  CHECK(t.state({"mail", "eu"}) == "/djm/states/mail/eu");
  CHECK(t.slot_record({"mail", "eu"}) == "/djm/states/mail/eu@slot");
  CHECK(item_of_slot_name("eu@slot") == djm::item_id{"eu"});
  CHECK_FALSE(item_of_slot_name("eu"));
  CHECK_FALSE(item_of_slot_name("@slot"));
  CHECK(t.mark("w") == "/djm/marks/w");
  CHECK(t.pools() == "/djm/work-pool");
  CHECK(t.pool("j") == "/djm/work-pool/j");
  CHECK(t.pool("j", "i") == "/djm/work-pool/j/i");
  CHECK(t.locks() == "/djm/locks");
  CHECK(t.locks("j") == "/djm/locks/j");
  CHECK(t.lock("j", "i") == "/djm/locks/j/i.lock");
  CHECK(t.jobs() == "/djm/jobs");
  CHECK(t.job("j") == "/djm/jobs/j");
  CHECK(t.job_config("j") == "/djm/jobs/j/config");
  CHECK(t.jobs_version() == "/djm/jobs-version");
  CHECK(t.refusals() == "/djm/refusals");
  CHECK(t.model() == "/djm/model");
  CHECK(t.submissions() == "/djm/submissions");
  CHECK(t.submission("j") == "/djm/submissions/j");
  CHECK(t.refusal("w-i-3") == "/djm/refusals/w-i-3");
  CHECK(tree_schema::refusal_name("w", "i", 3) == "w-i-3");
  CHECK(refusal_number("w-i-3", "w", "i") == 3u);
  CHECK_FALSE(refusal_number("w-i-", "w", "i"));
  CHECK_FALSE(refusal_number("w-j-3", "w", "i"));
  CHECK_FALSE(refusal_number("w-i-3x", "w", "i"));
  CHECK_FALSE(refusal_number("w-i-1234567890123456789", "w", "i"));
  CHECK(t.pool_version() == "/djm/work-pool-version");
  CHECK(t.worker_version() == "/djm/worker-version");
  CHECK(t.assignment_version() == "/djm/worker-assignment-version");
}

TEST_CASE("paths below the root directory have one slash, and ids of the maximum length fit") {
  const tree_schema t{"/"};
  CHECK(t.root() == "/");
  CHECK(t.alive("w") == "/alive/w");
  const std::string longest(120, 'x');
  const djm::node_id node{longest};
  const djm::job_id job{longest};
  const djm::item_id item{longest};
  for (const auto& path : {t.lock(job, item), t.assigned(node, job, item), t.latch_prefix(node, longest)}) {
    CHECK(is_valid_path(path));
  }
}

TEST_CASE("the item of a lock is the name without its suffix") {
  CHECK(item_of_lock_name("a.lock") == "a");
  CHECK(item_of_lock_name("a.lock.lock") == "a.lock");
  CHECK(item_of_lock_name(name_of(tree_schema{"/djm"}.lock("j", "i.b"))) == "i.b");
  CHECK(item_of_lock_name(std::string(120, 'x') + ".lock") == std::string(120, 'x'));
  for (const auto* foreign : {"", "a", ".lock", "a.locks", "a.lock ", "a b.lock", "...lock", "a.LOCK"}) {
    CHECK_FALSE_MESSAGE(item_of_lock_name(foreign), foreign);
  }
  CHECK_FALSE(item_of_lock_name(std::string(121, 'x') + ".lock"));
}

TEST_CASE("the sequence of a node is its last ten digits") {
  CHECK(sequence_of("w-i-0000000007") == 7);
  CHECK(sequence_of("w-i-2147483647") == 2147483647);
  CHECK(sequence_of("9999999999") == 9'999'999'999);
  for (const auto* foreign : {"", "w", "w-000000007", "w-i-00000000x7", "w-i--00000007", "0000000007-"}) {
    CHECK_FALSE_MESSAGE(sequence_of(foreign), foreign);
  }
}

TEST_CASE("the name of a path is its last component") {
  CHECK(name_of("/a/b") == "b");
  CHECK(name_of("/a") == "a");
  CHECK(name_of("a") == "a");
  CHECK(name_of("/") == "");
  CHECK(name_of("") == "");
}

TEST_CASE("paths that ZooKeeper accepts are valid") {
  for (const auto* path : {"/", "/a", "/a/b", "/a.b", "/...", "/a/.b", "/\xC3\xA9", "/a b", "/\xF0\x9F\x98\x80"}) {
    CHECK_MESSAGE(is_valid_path(path), path);
  }
}

TEST_CASE("paths that ZooKeeper refuses are not") {
  for (const auto* path : {"",
                           "a",
                           "a/b",
                           "/a/",
                           "//",
                           "//a",
                           "/a//b",
                           "/.",
                           "/..",
                           "/a/.",
                           "/a/../b",
                           "/a\x01",
                           "/a\n",
                           "/\x7F",
                           "/\xFF",
                           "/\xC3",
                           "/\xC0\xAF",
                           "/\xED\xA0\x80",
                           "/\xF4\x90\x80\x80",
                           "/\xC2\x85",
                           "/\xEE\x80\x80",
                           "/\xEF\xBF\xBD"}) {
    CHECK_FALSE_MESSAGE(is_valid_path(path), path);
  }
  CHECK_FALSE(is_valid_path(std::string_view{"/a\0b", 4}));
}
