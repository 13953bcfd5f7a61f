#include "test/sim/coverage.hpp"

#include <cstdlib>
#include <memory>
#include <set>

#include <cxxabi.h>
#include <fmt/format.h>

namespace djm::sim {

std::string message_name(std::string_view type) {
  if (type.empty()) {
    return "(system)";
  }
  std::string name{type};
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text{abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status),
                                                    std::free};
  if (status == 0) {
    name = text.get();
  }
  const auto colon = name.rfind("::");
  return colon == std::string::npos ? name : name.substr(colon + 2);
}

namespace {

bool has(const std::string& path, const char* part) {
  return path.find(part) != std::string::npos;
}

} // namespace

transaction_kind kind_of(const store::transaction& txn) {
  using kind = transaction_kind;
  bool writes = false, latch_check = false, assigned = false, lock_made = false, lock_gone = false, alive_made = false,
       alive_set = false, alive_gone = false, latch = false, registers = false, pool = false, pool_data = false,
       removes = false, state = false;
  for (const auto& op : txn.ops) {
    const auto& path = store::path_of(op);
    const bool creates = std::holds_alternative<store::create_op>(op);
    const bool sets = std::holds_alternative<store::set_op>(op);
    const bool gone = std::holds_alternative<store::remove_op>(op);
    if (std::holds_alternative<store::secure_op>(op)) {
      return kind::setup;
    }
    if (!creates && !sets && !gone) {
      latch_check |= has(path, "/leader-latch/");
      continue;
    }
    writes = true;
    removes |= gone;
    if (has(path, "/states/")) {
      state = true;
    } else if (has(path, "/leader-latch/")) {
      latch = true;
    } else if (has(path, "/alive/")) {
      // A lock transaction sets its own registration to learn the zxid.
      (creates ? alive_made : gone ? alive_gone : alive_set) = true;
    } else if (has(path, "/assigned/")) {
      assigned = true;
    } else if (has(path, ".lock")) {
      (creates ? lock_made : lock_gone) = true;
    } else if (has(path, "/workers/")) {
      registers = true;
    } else if (has(path, "/marks/")) {
      pool_data = true; // what operators say
    } else if (has(path, "/work-pool/")) {
      (sets ? pool_data : pool) = true;
    } else if (has(path, "/work-pool") && !has(path, "version")) {
      pool_data = true;
    }
  }
  if (!writes) {
    return kind::probe;
  }
  if (latch) {
    return kind::candidacy;
  }
  if (alive_made) {
    return kind::join;
  }
  if (alive_gone) {
    return kind::leave;
  }
  if (alive_set && !lock_made && !lock_gone && !state) {
    return kind::join;
  }
  if (latch_check && assigned) {
    return kind::assign;
  }
  if (latch_check && lock_gone) {
    return kind::break_lock;
  }
  if (latch_check && removes) {
    return kind::clean;
  }
  if (latch_check) {
    return kind::assign;
  }
  if (lock_made) {
    return kind::lock;
  }
  if (lock_gone) {
    return kind::unlock;
  }
  if (registers) {
    return kind::registration;
  }
  if (pool) {
    return kind::pool;
  }
  if (state) {
    return kind::state;
  }
  if (pool_data) {
    return kind::switch_job;
  }
  return kind::setup;
}

const char* component_of(transaction_kind kind) {
  using k = transaction_kind;
  switch (kind) {
  case k::setup:
  case k::pool:
  case k::registration:
  case k::join:
  case k::leave: return "keeper";
  case k::candidacy: return "election";
  case k::assign:
  case k::break_lock:
  case k::clean: return "manager";
  case k::lock:
  case k::unlock: return "worker";
  case k::probe:
  case k::switch_job:
  case k::state: break; // whoever asked hears of it
  }
  return "";
}

void coverage::add(const coverage& other) {
  for (const auto& [k, n] : other.faults) {
    faults[k] += n;
  }
  for (const auto& [k, n] : other.transactions) {
    transactions[k] += n;
  }
  for (const auto& [k, n] : other.events) {
    events[k] += n;
  }
  for (const auto& [k, counts] : other.pairs) {
    auto& mine = pairs[k];
    for (std::size_t i = 0; i < mine.size(); ++i) {
      mine[i] += counts[i];
    }
  }
}

std::string coverage::table() const {
  std::string text = "faults\n";
  for (const auto& [k, n] : faults) {
    text += fmt::format("  {:<28} {:>10}\n", k, n);
  }
  text += fmt::format("transactions\n  {:<13}", "");
  for (const auto& name : enum_names(transaction_outcome{}).names) {
    text += fmt::format(" {:>12}", name);
  }
  text += '\n';
  const auto kinds = enum_names(transaction_kind{}).names;
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    text += fmt::format("  {:<13}", kinds[k]);
    for (std::size_t o = 0; o < enum_names(transaction_outcome{}).names.size(); ++o) {
      const auto i = transactions.find({static_cast<transaction_kind>(k), static_cast<transaction_outcome>(o)});
      text += fmt::format(" {:>12}", i == transactions.end() ? 0 : i->second);
    }
    text += '\n';
  }
  text += "events\n";
  for (const auto& [k, n] : events) {
    text += fmt::format("  {:<28} {:>10}\n", k, n);
  }
  return text;
}

} // namespace djm::sim
