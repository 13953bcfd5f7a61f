#include "tools/djm/health.hpp"

#include <algorithm>
#include <ostream>

#include "tools/djm/checks.hpp"
#include "tools/djm/print.hpp"

namespace djm::tool {

namespace {

std::string label_of(verdict v) {
  return v == verdict::ok ? "[OK]" : v == verdict::warn ? "[WARN]" : "[ERR]";
}

tint tint_of(verdict v) {
  return v == verdict::ok ? tint::good : v == verdict::warn ? tint::doubtful : tint::bad;
}

std::vector<check_row> judge_all(const std::vector<std::string>& names, const cluster_view& view, std::int64_t ms) {
  std::vector<check_row> rows;
  for (const auto& name : names) {
    rows.push_back(judge(name, view, ms));
  }
  return rows;
}

/// One line, and the codes of Nagios: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
int write_nagios(invocation& x, const std::vector<check_row>& rows) {
  static const char* const words[] = {"OK", "WARNING", "CRITICAL"};
  const auto w = static_cast<int>(worst(rows));
  std::string text;
  for (const auto& r : rows) {
    if (static_cast<int>(r.result) == w) {
      text += (text.empty() ? "" : "; ") + r.check + ": " + r.text;
    }
  }
  x.io().out << "DJM " << words[w] << " - " << printable(text) << '\n';
  return w;
}

exit_code nagios_unknown(invocation& x, const error& e) {
  x.io().out << "DJM UNKNOWN - " << printable(e.text) << '\n';
  return static_cast<exit_code>(3);
}

tint tint_of(finding_level l) {
  return l == finding_level::error ? tint::bad : l == finding_level::warning ? tint::doubtful : tint::none;
}

} // namespace

exit_code check_command(invocation& x) {
  auto names = x.values("CHECK");
  for (const auto& name : names) {
    if (std::find(check_names().begin(), check_names().end(), name) == check_names().end()) {
      return x.fail(exit_code::usage,
                    "\"" + name + "\" is no check; there are ready, leader, coverage, locks and store");
    }
  }
  if (names.empty()) {
    names = check_names();
  }
  const auto limit = x.span("--timeout", std::chrono::seconds{10});
  if (!limit) {
    return x.fail(limit.error());
  }
  auto code = exit_code::error;
  auto* c = x.connect(code);
  if (c == nullptr) {
    return code;
  }
  const bool nagios = x.has("--nagios");
  auto begin = x.io().now();
  auto view = c->get_cluster();
  auto ms = x.io().now() - begin;
  if (view && x.has("--wait")) {
    // What is waited for is that nothing is wrong; what was seen last is judged when it does not come.
    (void) c->wait_for(
      [&](const cluster_view& v) {
        view = v;
        return worst(judge_all(names, v, 0)) == verdict::ok;
      },
      *limit);
    begin = x.io().now();
    view = c->get_cluster();
    ms = x.io().now() - begin;
  }
  if (!view) {
    return nagios ? nagios_unknown(x, view.error()) : x.fail(view.error());
  }
  const auto rows = judge_all(names, *view, ms);
  if (nagios) {
    return static_cast<exit_code>(write_nagios(x, rows));
  }
  const auto result = worst(rows) == verdict::err ? exit_code::condition_false : exit_code::fine;
  if (print_json(x, rows)) {
    return result;
  }
  for (const auto& r : rows) {
    print_facts(x.io(), {{r.check + std::string(10 - std::min<std::size_t>(10, r.check.size()), ' '),
                          {label_of(r.result) + " " + printable(r.text), tint_of(r.result)}}});
  }
  return result;
}

exit_code doctor_command(invocation& x) {
  auto code = exit_code::error;
  auto* c = x.connect(code);
  if (c == nullptr) {
    return code;
  }
  const auto findings = c->examine();
  if (!findings) {
    return x.fail(findings.error());
  }
  const bool sound = std::none_of(findings->begin(), findings->end(),
                                  [](const tree_finding& f) { return f.level > finding_level::note; });
  const auto result = sound ? exit_code::fine : exit_code::condition_false;
  const auto format = x.format();
  if (findings->empty() && format != output_format::json && format != output_format::jsonl) {
    x.io().out << "nothing is wrong with the tree\n";
    return result;
  }
  print_rows<tree_finding>(x, *findings,
                           {{"LEVEL",
                             [](const tree_finding& f) {
                               return cell{to_string(f.level), tint_of(f.level)};
                             }},
                            {"FINDING", [](const tree_finding& f) { return cell{printable(f.id)}; }},
                            {"WHAT", [](const tree_finding& f) { return cell{printable(f.text)}; }},
                            {"WHAT TO DO", [](const tree_finding& f) {
                               return cell{printable(f.advice) +
                                           (f.repair.empty() ? "" : " (djm repair --fix " + printable(f.id) + ")")};
                             }}});
  return result;
}

exit_code repair_command(invocation& x) {
  auto code = exit_code::error;
  auto* c = x.connect(code);
  if (c == nullptr) {
    return code;
  }
  if (x.has("--fix")) {
    const auto done = c->repair(x.value("--fix"), order_mode::write);
    if (!done) {
      return x.fail(done.error());
    }
    if (!print_json(x, *done)) {
      for (const auto& change : done->changes) {
        x.io().out << printable(change) << '\n';
      }
    }
    return exit_code::fine;
  }
  auto findings = c->examine();
  if (!findings) {
    return x.fail(findings.error());
  }
  findings->erase(
    std::remove_if(findings->begin(), findings->end(), [](const tree_finding& f) { return f.repair.empty(); }),
    findings->end());
  if (print_json(x, *findings)) {
    return exit_code::fine;
  }
  for (const auto& f : *findings) {
    x.io().out << "djm repair --fix " << printable(f.id) << '\n';
    for (const auto& change : f.repair) {
      x.io().out << "  would " << printable(change) << '\n';
    }
  }
  if (findings->empty()) {
    x.io().out << "there is nothing that is mended from outside\n";
  }
  return exit_code::fine;
}

} // namespace djm::tool
