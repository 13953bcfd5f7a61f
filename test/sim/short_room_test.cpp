#include "test/sim/short_room.hpp"

#include <doctest/doctest.h>

/// The judge of room is fed with histories that break one rule each.
using namespace djm;
using namespace djm::sim;

namespace {

/// Two workers with room for two and for one; a low, a normal and a large high job.
class crowd {
public:
  crowd() {
    rules.expect(node_id{"v"}, 2000);
    rules.expect(node_id{"w"}, 1000);
    rules.expect(job_id{"low"}, {0, 1000});
    rules.expect(job_id{"normal"}, {1, 1000});
    rules.expect(job_id{"high"}, {2, 2000});
    for (const char* worker : {"v", "w"}) {
      change(sim::tree_event::kind::alive_made, worker, "", R"({"v":1,"incarnation":"i"})");
      for (const char* job : {"low", "normal", "high"}) {
        change(sim::tree_event::kind::other, std::string{worker} + "/" + job, "available");
      }
    }
    for (const char* job : {"low", "normal", "high"}) {
      change(sim::tree_event::kind::pool_changed, job, "", R"({"v":1})");
    }
  }
  void item(const char* key) { change(sim::tree_event::kind::pool_item_made, key, ""); }
  void assign(const char* key, const char* worker) { change(sim::tree_event::kind::assigned, key, worker); }
  void unassign(const char* key, const char* worker) { change(sim::tree_event::kind::unassigned, key, worker); }
  void leads() { tell(leader_changed{"v", 1}); }
  void is_back() { tell(connection_changed{connection_state::reconnected}); }
  void wishes(const char* job) { tell(capacity_wanted{job_id{job}, 1, {}}); }
  std::size_t at_rest() {
    rules.quiescent(image, say);
    return broken();
  }
  std::size_t broken() { return std::exchange(count_, 0); }

  short_room rules;
  tree_image image;
  time_point now{std::chrono::seconds{100}};
  short_room::say say = [this](const std::string&) { ++count_; };

private:
  void tell(const event& what) { rules.told(1, node_id{"v"}, what, image, now, say); }
  void change(sim::tree_event::kind what, const std::string& key, const std::string& worker, std::string data = {}) {
    store::node_change c;
    c.what = store::node_change::kind::create;
    c.data = std::move(data);
    c.ephemeral_owner = 7;
    const sim::tree_event e{what, key, worker};
    rules.sees(e, image, now);
    image.apply(c, e, 1);
  }
  std::size_t count_ = 0;
};

} // namespace

TEST_CASE("room: what is full, and full of what counts as much, keeps nobody waiting by mistake") {
  crowd c;
  for (const char* key : {"normal/a", "normal/b", "normal/c", "normal/d"}) {
    c.item(key);
  }
  c.assign("normal/a", "v");
  c.assign("normal/b", "v");
  c.assign("normal/c", "w");
  CHECK(c.at_rest() == 0);
  c.unassign("normal/c", "w");
  CHECK(c.at_rest() == 2); // c and d would fit
}

TEST_CASE("room: an item that waits while those of lower priority have its room is noticed") {
  crowd c;
  c.item("low/a");
  c.item("low/b");
  c.item("high/x");
  c.assign("low/a", "v");
  c.assign("low/b", "v");
  CHECK(c.at_rest() == 1);
  c.unassign("low/a", "v");
  c.unassign("low/b", "v");
  c.assign("high/x", "v");
  c.assign("low/a", "w");
  CHECK(c.at_rest() == 0); // low/b has nowhere to go
}

TEST_CASE("room: more than there is is noticed") {
  crowd c;
  c.item("high/x");
  c.assign("high/x", "w");
  CHECK(c.at_rest() == 1);
}

TEST_CASE("room: a wish that is told again is noticed, and one of another term is not") {
  crowd c;
  c.item("low/a");
  c.leads();
  c.wishes("low");
  CHECK(c.broken() == 0);
  c.wishes("low");
  CHECK(c.broken() == 1);
  c.leads();
  c.wishes("low");
  CHECK(c.broken() == 0);
  c.is_back(); // it was cut off, and begins anew
  c.wishes("low");
  CHECK(c.broken() == 0);
  c.unassign("low/a", "w"); // it had been served meanwhile
  c.wishes("low");
  CHECK(c.broken() == 0);
}

TEST_CASE("room: of two that count the same the one that has waited longer has the place, where both fit") {
  for (const bool fair : {true, false}) {
    crowd c;
    c.item("normal/a");
    c.item("normal/b");
    c.assign("normal/a", "v");
    c.assign("normal/b", "v");
    c.item("low/a"); // fits, and counts less
    c.assign("low/a", "w");
    c.leads();
    c.item("normal/old");
    c.now += waiting_line::slack + std::chrono::seconds{1};
    c.item("normal/young");
    c.now += waiting_line::move + std::chrono::seconds{1};
    c.unassign("low/a", "w");
    c.assign(fair ? "normal/old" : "normal/young", "w");
    CHECK(c.at_rest() == (fair ? 0 : 1));
    c.leads(); // ages begin again
    CHECK(c.at_rest() == 0);
  }
}

TEST_CASE("room: one that has had a place is not compared, and one on its way passes nobody over") {
  crowd c;
  c.item("normal/a");
  c.item("normal/b");
  c.item("normal/c");
  c.assign("normal/a", "v");
  c.assign("normal/b", "v");
  c.assign("normal/c", "w");
  c.item("normal/old");
  c.now += waiting_line::slack + std::chrono::seconds{1};
  c.unassign("normal/c", "w");
  c.now += waiting_line::move + std::chrono::seconds{1};
  c.assign("normal/c", "w");
  CHECK(c.at_rest() == 0);
  c.unassign("normal/a", "v");
  c.assign("normal/a", "v");
  CHECK(c.at_rest() == 0);
}
