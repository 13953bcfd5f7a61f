#pragma once

#include <map>
#include <string>

#include "test/unit/cores/slot_node.hpp"

namespace djm::test {

using store::slot_mark;

/// A node, and what is remembered of the items of its job: answered at once, unless a test keeps it.
class remembering_node : public slot_node {
public:
  explicit remembering_node(djm::slots rule, slot_rules rules = {}, failure_rules failures = {},
                            const calendar& c = cron("0 * * * *"))
    : slot_node(c, with_rule(rules, rule)) {
    follow(failures);
  }
  static slot_rules with_rule(slot_rules r, djm::slots rule) {
    r.remember = rule;
    return r;
  }
  void follow(const failure_rules& failures, std::int64_t since_ms = midnight_ms) {
    auto s = settings(cron("0 * * * *"), {}, running_mode::thread_per_item);
    followed_job f;
    f.job = "j";
    f.rev = ++rev_;
    f.spec = s.spec;
    f.spec.slots = rules_of_core();
    f.spec.failures = failures;
    f.slots_since_ms = since_ms;
    take(core_.on_follow(f, now(), s.table));
  }
  slot_rules rules_of_core() const { return rules_; }

  /// Answers all that is asked; returns how many writes there were.
  int serve() {
    int writes = 0;
    while (!asks.empty()) {
      const auto w = asks.front();
      asks.erase(asks.begin());
      slot_answer a{w.item, w.token, slot_result::known, w.write.has_value(), {}, writer_gone, false, w.number};
      if (w.write) {
        ++writes;
        REQUIRE_MESSAGE(writes < 10'000, "it asks again and again");
        store::slot_payload p;
        p.token = w.token;
        p.slot = w.write->slot;
        p.mark = w.write->mark;
        p.attempt = w.write->attempt;
        p.spared = w.write->spared;
        p.failures = w.write->failures;
        p.by = "me";
        records[w.item] = p;
        a.what = slot_result::written;
      }
      if (const auto r = records.find(w.item); r != records.end()) {
        a.record = r->second;
      }
      take(core_.on_slots_told({a}, now()));
    }
    return writes;
  }
  void put(const item_id& item, slot_mark mark, std::int64_t hour, std::uint32_t attempt = 1) {
    store::slot_payload p;
    p.token = 1;
    p.slot = midnight_ms + hour * 3'600'000;
    p.mark = mark;
    p.attempt = attempt;
    p.by = "other";
    records[item] = p;
  }
  void hold(const item_id& item, fencing_token token = 7) { take(core_.on_granted({{item, token}}, now())); }
  std::string record(const item_id& item) const {
    const auto& p = records.at(item);
    return std::string{enum_text(p.mark)} + " " + clock_text(p.slot) + "/" + std::to_string(p.attempt);
  }

  std::map<item_id, store::slot_payload> records;
  bool writer_gone = true;
  slot_rules rules_;

private:
  std::int64_t rev_ = 0;
};

/// The rules that the core was made with are those that it follows.
struct node_of : remembering_node {
  explicit node_of(djm::slots rule, failure_rules failures = {}, slot_rules r = {})
    : remembering_node(rule, r, failures) {
    rules_ = with_rule(r, rule);
    follow(failures);
    asks.clear();
  }
};

inline failure_rules tries(std::uint32_t n, std::uint32_t park = 0) {
  failure_rules f;
  f.retry = retry{}.attempts(n).first(seconds{10});
  f.park_item_after = park;
  return f;
}

} // namespace djm::test
