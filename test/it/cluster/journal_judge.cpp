#include "journal_judge.hpp"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

namespace djm::test {

std::vector<journal_record> read_journal(const std::string& path) {
  std::vector<journal_record> found;
  std::ifstream in{path};
  std::string line;
  while (std::getline(in, line)) {
    if (in.eof()) {
      break; // still being written
    }
    journal_record r;
    std::uint64_t words = 0;
    std::istringstream text{line};
    if (!(text >> r.ms >> r.node >> r.incarnation >> r.what >> r.item >> r.token >> words)) {
      throw std::runtime_error(path + ": not a record: \"" + line + "\"");
    }
    found.push_back(std::move(r));
  }
  return found;
}

std::vector<std::string> judge(const std::vector<journal_record>& journal,
                               const std::map<std::string, std::int64_t>& gone) {
  struct turn {
    std::string holder;
    std::int64_t token = 0;
    bool running = false;
  };
  std::map<std::string, turn> turns;
  std::vector<std::string> findings;
  for (const auto& r : journal) {
    if (r.what == "refused") {
      continue;
    }
    const auto holder = r.node + "/" + r.incarnation;
    auto& t = turns[r.item];
    auto complain = [&](const std::string& what) {
      findings.push_back(r.item + " at " + std::to_string(r.ms) + ": " + what + " (" + holder + " under " +
                         std::to_string(r.token) + " after " + t.holder + " under " + std::to_string(t.token) + ")");
    };
    if (r.token < t.token) {
      complain("an older token was accepted");
      continue;
    }
    if (r.token == t.token && !t.holder.empty() && holder != t.holder) {
      complain("two holders under one token");
    }
    if (r.token > t.token) {
      if (t.running && holder != t.holder && gone.count(t.holder) == 0) {
        complain("a turn began while the one before was running");
      }
      t = {holder, r.token, false};
    }
    if (r.what == "start") {
      if (t.running) {
        complain("started twice");
      }
      t.running = true;
    } else {
      t.running = false;
    }
  }
  return findings;
}

std::int64_t all_started_by(const std::vector<journal_record>& journal, const std::vector<std::string>& items,
                            std::int64_t after, const std::string& without) {
  std::map<std::string, std::int64_t> first;
  for (const auto& r : journal) {
    if (r.what == "start" && r.ms > after && r.node != without) {
      first.emplace(r.item, r.ms);
    }
  }
  std::int64_t last = after;
  for (const auto& item : items) {
    auto i = first.find(item);
    if (i == first.end()) {
      return -1;
    }
    last = std::max(last, i->second);
  }
  return last;
}

} // namespace djm::test
