// Each rule is shown to fail on an example that breaks it, and to pass on one that does not.
#include <doctest/doctest.h>

#include "test/tidy/doc_rules.hpp"
#include "test/tidy/interface_rules.hpp"
#include "test/tidy/layer_rules.hpp"
#include "test/tidy/member_rules.hpp"
#include "test/tidy/message_rules.hpp"
#include "test/tidy/text_rules.hpp"

using namespace tidy;

TEST_CASE("comments and strings are not code") {
  CHECK(code_of("a // b\nc /* d\n e */ f \"g\\\"h\" 'i' 1'000") == "a     \nc     \n      f            1'000");
  CHECK(code_of("x = R\"(rand() \" )\" + y;") == "x =                + y;");
}

TEST_CASE("layers: an include against the arrows is found, one along them is not") {
  source_tree tree{{"include/djm/a.hpp", ""},
                   {"strategies/s.hpp", "#include \"djm/a.hpp\"\n"},
                   {"actors/worker/worker_core.hpp", "#include \"strategies/s.hpp\"\n"},
                   {"actors/worker/worker_shell.cpp", "#include \"actors/worker/worker_core.hpp\"\n"}};
  CHECK(check_layers(tree).empty());
  tree["include/djm/bad.hpp"] = "#pragma once\n#include \"strategies/s.hpp\"\n";
  tree["model/hidden.hpp"] = "";
  tree["samples/bad.cpp"] = "#include \"model/hidden.hpp\"\n";
  tree["strategies/bad.cpp"] = "#include \"actors/worker/worker_core.hpp\"\n";
  tree["actors/worker/bad_core.cpp"] = "#include \"actors/worker/worker_shell.hpp\"\n";
  tree["actors/worker/worker_shell.hpp"] = "";
  tree["zkstore/bad.cpp"] = "#include \"zkstore/gone.hpp\"\n";
  tree["zkstore/tree/up.cpp"] = "#include \"../../actors/worker/worker_shell.hpp\"\n";
  CHECK(check_layers(tree) ==
        complaints{
          "actors/worker/bad_core.cpp:1: core must not include actors: actors/worker/worker_shell.hpp",
          "include/djm/bad.hpp:2: api must not include strategies: strategies/s.hpp",
          "samples/bad.cpp:1: samples must not include model: model/hidden.hpp",
          "strategies/bad.cpp:1: strategies must not include core: actors/worker/worker_core.hpp",
          "zkstore/bad.cpp:1: zkstore/gone.hpp is not a file of the project",
          "zkstore/tree/up.cpp:1: ../../actors/worker/worker_shell.hpp leads around the include path of the layer"});
}

TEST_CASE("layers: ZooKeeper's headers are found through a detour") {
  source_tree tree{{"zkstore/zookeeper/handle.hpp", "#include <zookeeper/zookeeper.h>\n"}};
  CHECK(check_zookeeper_seam(tree).empty());
  tree["actors/node/node.cpp"] = "#include \"zkstore/zookeeper/handle.hpp\"\n";
  CHECK(check_zookeeper_seam(tree) ==
        complaints{"actors/node/node.cpp: reaches ZooKeeper's headers: actors/node/node.cpp -> "
                   "zkstore/zookeeper/handle.hpp -> zookeeper/zookeeper.h"});
}

TEST_CASE("layers: a public header may neither need the JSON library nor what is not installed") {
  source_tree tree{{"include/djm/good.hpp", "#include <map>\n"}};
  CHECK(check_public_headers(tree).empty());
  tree["include/djm/json.hpp"] = "#include <nlohmann/json.hpp>\n";
  tree["model/hidden.hpp"] = "";
  tree["include/djm/hides.hpp"] = "#include \"model/hidden.hpp\"\n";
  CHECK(check_public_headers(tree).size() == 2);
  tree["include/djm/opens.hpp"] = "struct caf::specialised<int> {}; // namespace caf\nnamespace caf {}\n";
  CHECK(check_public_headers(tree).size() == 3);
}

TEST_CASE("interface: a second definition of a type is found, one in an unnamed namespace or of another CAF is none") {
  source_tree tree{{"actors/a.hpp", "namespace djm {\nclass a {};\nclass b::inner {};\n}\n"},
                   {"actors/b.cpp", "namespace djm {\nnamespace {\nclass a {};\n}\nstruct c {};\n}\n"},
                   {"actors/caf_1/a.hpp", "namespace djm {\nclass a {};\n}\n"},
                   {"test/a.hpp", "namespace djm {\nclass a {};\n}\n"}};
  CHECK(to_text(check_one_definition(tree)) == "");
  tree["include/djm/a.hpp"] = "namespace djm {\nstruct a {};\nenum class c : int { x };\n}\n";
  CHECK(check_one_definition(tree) == complaints{"include/djm/a.hpp: djm c is defined in actors/b.cpp as well",
                                                 "include/djm/a.hpp: djm a is defined in actors/a.hpp as well"});
}

TEST_CASE("interface: a public type without its forward declaration is found, and a declaration without its type") {
  source_tree tree{
    {"include/djm/a.hpp",
     "#define X(y) \\\n  class y {}\nnamespace djm {\nDJM_FIELDS(n, m)\nclass DJM_EXPORT a final : public b {\n"
     "  struct inner {};\n};\nstruct s {};\nenum class e : std::uint8_t { x };\ntemplate <class T>\n"
     "struct t {};\nnamespace detail {\nstruct d {};\n}\n}\nnamespace djm::test {\nclass k {};\n}\n"},
    {"include/djm/fwd.hpp", "namespace djm {\nclass a;\nstruct s;\nenum class e : std::uint8_t;\n}\n"
                            "namespace djm::test { class k; }\n"}};
  CHECK(to_text(check_forward_declarations(tree)) == "");
  tree["include/djm/fwd.hpp"] = "namespace djm {\nclass gone;\nstruct a;\nenum class e;\n}\n";
  CHECK(check_forward_declarations(tree) ==
        complaints{"include/djm/a.hpp: djm/fwd.hpp does not declare djm class a",
                   "include/djm/a.hpp: djm/fwd.hpp does not declare djm enum class e : std::uint8_t",
                   "include/djm/a.hpp: djm/fwd.hpp does not declare djm struct s",
                   "include/djm/a.hpp: djm/fwd.hpp does not declare djm::test class k",
                   "include/djm/fwd.hpp: no public header defines djm class gone",
                   "include/djm/fwd.hpp: no public header defines djm enum class e",
                   "include/djm/fwd.hpp: no public header defines djm struct a"});
}

TEST_CASE("purity: headers, words and membership are found") {
  source_tree tree{{"actors/worker/worker_core.cpp", "// steady_clock::now() in a comment\nint operand();\n"}};
  CHECK(check_purity(tree, {"actors/worker/worker_core.cpp"}).empty());
  CHECK(check_purity(tree, {}).size() == 1);

  for (const auto* bad : {"#include <caf/all.hpp>\n", "#include <thread>\n", "#include <mutex>\n",
                          "#include <iostream>\n", "auto t = std::chrono::steady_clock::now();\n",
                          "std::random_device d;\n", "int i = rand();\n", "auto* home = std::getenv(\"HOME\");\n",
                          "std::mutex m;\n", "std::thread t;\n", "std::this_thread::yield();\n", "caf::actor a;\n"}) {
    CAPTURE(bad);
    tree["strategies/s.cpp"] = bad;
    CHECK(check_purity(tree, {"actors/worker/worker_core.cpp", "strategies/s.cpp"}).size() == 1);
  }
  tree.erase("strategies/s.cpp");
  tree["include/djm/deep.hpp"] = "#include <caf/fwd.hpp>\n";
  tree["model/model.cpp"] = "#include \"djm/deep.hpp\"\n";
  CHECK(check_purity(tree, {"actors/worker/worker_core.cpp", "model/model.cpp"}) ==
        complaints{"model/model.cpp: pure code must not reach model/model.cpp -> "
                   "include/djm/deep.hpp -> caf/fwd.hpp"});
}

TEST_CASE("text: marks and machine paths are found") {
  CHECK(check_marks({{"a.cpp", "// a todo list, HACKER\n"}}).empty());
  CHECK(check_marks({{"a.cpp", "\n// FIX"
                               "ME later\n"}}) == complaints{"a.cpp:2: left-over mark: FIX"
                                                             "ME"});
  CHECK(check_machine_paths({{"a.md", "see actors/worker/README.md, /usr/share/java, $HOME/work/x\n"}}).empty());
  CHECK(check_machine_paths({{"a.md", "see /ho"
                                      "me/me/x\n"}})
          .size() == 1);
}

TEST_CASE("text: long files are found, and exceptions that outlived their need") {
  std::string longer;
  for (int i = 0; i < 401; ++i) {
    longer += "\n";
  }
  source_tree tree{{"a.cpp", longer}};
  CHECK(check_sizes(tree, {}).size() == 1);
  CHECK(check_sizes(tree, {{"a.cpp", 401}}).empty());
  CHECK(check_sizes({{"a.cpp", "\n"}}, {{"a.cpp", 401}}).size() == 1);
  CHECK(check_sizes({}, {{"a.cpp", 401}}).size() == 1);
}

TEST_CASE("text: unguarded headers, sleeping tests and tests without assertions are found") {
  CHECK(check_header_guards({{"a.hpp", "#pragma once\n"}}).empty());
  CHECK(check_header_guards({{"a.hpp", "\n#pragma once\n"}}).size() == 1);
  CHECK(check_sleeps({{"test/support/poll.cpp", "sleep_for(x);"}, {"test/a_test.cpp", "// sleep_for(x)\n"}}).empty());
  CHECK(check_sleeps({{"test/a_test.cpp", "std::this_thread::sleep_for(x);\n"}}).size() == 1);
  CHECK(check_loops({{"a.cpp", "for (const auto& p : *status()) {\nfor (auto x : held.items()) {\n"}}).empty());
  CHECK(check_loops({{"a.cpp", "for (const auto& p : c.node(1).status()->problems) {\n"}}).size() == 1);
  CHECK(check_loops({{"a.cpp", "for (const auto& p : n.job(x)->items)\n  use(p);\n"}}).size() == 1);
  CHECK(
    check_store_answers({{"actors/dialogue/a.hpp", "r.results[0];\n"}, {"zkstore/a.cpp", "r.results[0];\n"}}).empty());
  CHECK(check_store_answers({{"actors/a.cpp", "r.results[0];\n"}}).size() == 1);
  CHECK(check_store_answers({{"actors/a.cpp", "if (met->index >= 3) {\n"}}).size() == 1);
  CHECK(check_assertions({{"test/a_test.cpp", "CHECK(1 == 1);\n"}}).empty());
  CHECK(check_assertions({{"test/a_test.cpp", "TEST_CASE(\"x\") {}\n"}}).size() == 1);
}

TEST_CASE("text: enumerators without a comment are found, and texts that hold one of a few words") {
  const std::string head = "#pragma once\nenum class colour : std::uint8_t {\n";
  CHECK(check_enumerations({{"include/djm/a.hpp", head + "  /// Stop.\n  red,\n  green, ///< Go.\n};\n"}}).empty());
  CHECK(check_enumerations({{"actors/a.hpp", head + "  red,\n};\nstd::string state;\n"}}).empty());
  CHECK(check_enumerations({{"include/djm/a.hpp", head + "  /// Stop.\n  red,\n  green,\n};\n"}}) ==
        complaints{"include/djm/a.hpp:5: an enumerator without a comment: green,"});
  CHECK(check_enumerations({{"include/djm/a.hpp", "enum class colour { red, green };\n"}}).size() == 1);
  CHECK(check_enumerations({{"include/djm/a.hpp", "  std::string state;\n"}}).size() == 1);
}

TEST_CASE("text: lists of fields that say what the members say are found") {
  const auto list = [](const std::string& type, const std::string& parts) {
    return "template <class V>\nauto fields(V&& v, point& x) {\n  return v(\"" + type + "\"" + parts + ");\n}\n";
  };
  CHECK(check_field_lists({{"a.hpp", list("point", ", field(\"x\", x.x),\n           field(\"y\", x.y)")}}).size() ==
        1);
  CHECK(check_field_lists({{"a.hpp", list("point", "")}}).size() == 1);
  CHECK(check_field_lists({{"a.hpp", list("place", ", field(\"x\", x.x)")}}).empty());
  CHECK(check_field_lists({{"a.hpp", list("point", ", field(\"x\", x.x), field(\"y\", x.z)")}}).empty());
  CHECK(check_field_lists({{"a.hpp", list("point", ", field(\"x\", x.x), secret_field(\"y\", x.y)")}}).empty());
}

TEST_CASE("docs: the README shows the samples, each in its place") {
  source_tree tree;
  CHECK(check_shown_samples(tree).empty());
  tree["samples/quickstart.cpp"] = "int main() {}\n";
  CHECK(check_shown_samples(tree).size() == 1);
  tree["README.md"] = "```cpp\nint main() { }\n```\n";
  CHECK(check_shown_samples(tree).size() == 1);
  tree["README.md"] = "# x\n```cpp\nint main() {}\n```\n";
  CHECK(check_shown_samples(tree).empty());
  tree["samples/test_my_job.cpp"] = "CHECK(true);\n";
  CHECK(check_shown_samples(tree) == complaints{"README.md: ```cpp block 2 is not samples/test_my_job.cpp"});
  tree["README.md"] += "```sh\nCHECK(true);\n```\n";
  CHECK(check_shown_samples(tree).size() == 1);
  tree["README.md"] += "```cpp\nCHECK(true);\n```\n";
  CHECK(check_shown_samples(tree).empty());
  tree["README.md"] = "```cpp\nCHECK(true);\n```\n```cpp\nint main() {}\n```\n";
  CHECK(check_shown_samples(tree).size() == 2);
  tree.erase("README.md");
  CHECK(check_shown_samples(tree).size() == 2);
}

TEST_CASE("docs: a regression test that the changelog names and nobody has is found") {
  source_tree tree{{"CHANGELOG.md", "| defect | found by | test |\n| it broke | a seed | `it holds` |\n"},
                   {"test/a_test.cpp", "TEST_CASE(\"it holds\") {\n"}};
  CHECK(check_regression_tests(tree).empty());
  tree["test/a_test.cpp"] = "TEST_CASE(\"it holds\" * doctest::skip(is_asleep)) {\n";
  CHECK(check_regression_tests(tree).empty());
  tree["test/a_test.cpp"] = "TEST_CASE(\"it holds water\") {\n";
  CHECK(check_regression_tests(tree) == complaints{"CHANGELOG.md:2: no such test: it holds"});
}

TEST_CASE("docs: a snippet of the guide that stands nowhere, or does not say where, is found") {
  source_tree tree{
    {"samples/a.cpp", "int f() {\n  if (x)\n    g();\n\n  return 1;\n}\n"},
    {"docs/guide/a.md", "Text.\n\n<!-- from samples/a.cpp -->\n```cpp\nif (x)\n  g();\n\nreturn 1;\n```\n"},
    {"docs/other.md", "```cpp\nanything\n```\n"}};
  CHECK(check_snippets(tree).empty());
  const auto complaints_of = [&](const std::string& text) {
    tree["docs/guide/a.md"] = text;
    return check_snippets(tree);
  };
  CHECK(complaints_of("\n```cpp\nreturn 1;\n```\n") ==
        complaints{"docs/guide/a.md:2: a ```cpp block without <!-- from FILE --> above it"});
  CHECK(complaints_of("<!-- from samples/a.cpp -->\n\n```cpp\nreturn 1;\n```\n").size() == 1);
  CHECK(complaints_of("<!-- from samples/b.cpp -->\n```cpp\nreturn 1;\n```\n") ==
        complaints{"docs/guide/a.md:2: no such C++ file: samples/b.cpp"});
  CHECK(complaints_of("<!-- from docs/other.md -->\n```cpp\nanything\n```\n").size() == 1);
  CHECK(complaints_of("<!-- from samples/a.cpp -->\n```cpp\nif (x)\ng();\n```\n") ==
        complaints{"docs/guide/a.md:2: these lines do not stand in samples/a.cpp"});
  CHECK(complaints_of("<!-- from samples/a.cpp -->\n```cpp\nint f() {\n  return 1;\n```\n").size() == 1);
  CHECK(complaints_of("<!-- from samples/a.cpp -->\n```cpp\nreturn 1;\n```\n```cpp\nreturn 1;\n```\n").size() == 1);
}

TEST_CASE("docs: commands and links that lead nowhere are found") {
  source_tree tree{{"dev", "cmd_test() { #: x\n"},
                   {"docs/a.md", "Run `./dev test unit`. See [b](b.md), [web](https://x.y/z).\n"},
                   {"docs/b.md", ""}};
  CHECK(check_commands(tree).empty());
  CHECK(check_links(tree).empty());
  tree["docs/a.md"] = "Run ./dev fly. See [c](../c.md).\n";
  CHECK(check_commands(tree) == complaints{"docs/a.md:1: no such command: ./dev fly"});
  CHECK(check_links(tree) == complaints{"docs/a.md:1: dead link: ../c.md"});
}

TEST_CASE("purity: symbols that an object must not need are found") {
  CHECK(check_symbols("\nids.cpp.o:\n                 U std::terminate()\n                 w __pthread_key_create\n")
          .empty());
  CHECK(check_symbols("\nlog.cpp.o:\n                 U std::chrono::_V2::system_clock::now()\n").empty());
  for (const auto* bad : {"caf::actor::actor()", "zoo_aget", "pthread_mutex_lock", "std::thread::join()", "getenv",
                          "std::chrono::_V2::steady_clock::now()", "rand", "clock_gettime"}) {
    CHECK(check_symbols("\nids.cpp.o:\n                 U " + std::string{bad} + "\n") ==
          complaints{"ids.cpp.o: needs " + std::string{bad}});
  }
}

TEST_CASE("text: a source that hides what its header lacks is found") {
  source_tree tree{{"a/b.hpp", ""}, {"a/b.cpp", "#include \"a/b.hpp\"\n#include <map>\n"}};
  CHECK(check_own_header_first(tree).empty());
  tree["a/b.cpp"] = "#include <map>\n#include \"a/b.hpp\"\n";
  CHECK(check_own_header_first(tree).size() == 1);
}

TEST_CASE("messages: a map that is not that of the headers is found, and senders that are not") {
  const std::string header = "#pragma once\n"
                             "using keeper_actor = cx::typed<\n"
                             "  // from node: answered by `left`\n"
                             "  caf::result<void>(msg::leave),\n"
                             "  // from executor, worker; node: for a user\n"
                             "  caf::result<int>(msg::pool)>;\n";
  const std::string rows = "| keeper | `leave` | node | `left` |\n"
                           "| keeper | `pool` | executor, worker, node (for a user) | `int` |\n";
  source_tree tree{{"actors/protocol/keeper.hpp", header},
                   {"actors/README.md", "| to | message | from | answer |\n|---|---|---|---|\n" + rows + "\n"},
                   {"actors/node/a.cpp", "self->mail(msg::leave{}); self->mail(msg::pool{});\n"},
                   {"actors/worker/a.cpp", "msg::pool answer;\n"},
                   {"actors/keeper/a.cpp", "post_to<keeper_actor>(weak, msg::pool{});\n"}};
  CHECK(message_map(tree) == rows);
  CHECK(check_message_map(tree).empty());
  CHECK(check_message_senders(tree).empty());
  tree["actors/worker/a.cpp"] = "// msg::pool{}\n core::pool{};\n";
  tree["actors/store/a.cpp"] = "self->mail(msg::leave{})";
  CHECK(check_message_senders(tree).size() == 2);
  tree["actors/protocol/keeper.hpp"] = header + "  caf::result<void>(msg::more)>;\n";
  CHECK(check_message_map(tree).size() == 2); // nobody sends it, and it is not in the map
}

TEST_CASE("members: data members are told from everything else that a class declares") {
  const auto count = [](const std::string& body) { return classes_of("class x {\n" + body + "\n};\n").at(0).members; };
  for (const auto* one :
       {"int a;", "int a = 0;", "int a{};", "std::map<int, std::pair<int, int>> a = {};", "const int& a;",
        "enum class k { b, c } a;", "std::function<void(int, int)> a;", "read_slot* a = nullptr;",
        "mutable int a = f(1, 2);", "x() : a{1} {}\nint a;", "x(int i) : b(i), a{i} { g(); }\nint a;",
        "struct y {\n  int b;\n};\nint a;", "bool operator<(const x& o) const { return a < o.a; }\nint a;",
        "template <class T>\nvoid f(T t) { int b; }\nint a;"}) {
    CAPTURE(one);
    CHECK(count(one) == 1);
  }
  for (const auto* none :
       {"int f();", "int f() const { return 1; }", "using a = int;", "static constexpr int a = 1;", "friend class y;",
        "enum class k : int { b, c };", "class y;", "x(const x&) = delete;",
        "std::vector<int> f(int a = 1, int b = 2);", "// int a;", "template <class T>\nT f() { return {}; }"}) {
    CAPTURE(none);
    CHECK(count(none) == 0);
  }
  CHECK(count("public:\n  int a, b = 1, c{};\nprivate:\n  int d;") == 4);
}

TEST_CASE("members: a bag counts by what is in it, what hides something counts once") {
  const auto count = [](const std::string& body) { return classes_of("class x {" + body + "};").at(0).members; };
  CHECK(count("struct y { int a, b; }; y z;") == 2);
  CHECK(count("struct y { int a, b; }; const y z; std::optional<y> w;") == 4);
  CHECK(count("struct y { int a, b; } z;") == 2);
  CHECK(count("struct y { int a, b; }; std::vector<y> z;") == 1);
  CHECK(count("struct y { int f() const; private: int a, b; }; y z;") == 1);
  CHECK(count("class y { int a, b; }; y z;") == 1);
  CHECK(count("struct settings { int a, b; }; settings z;") == 1);
}

TEST_CASE("members: classes that keep too much in mind are found, and exceptions that could be smaller") {
  const auto with = [](int members) {
    std::string text = "class a_core {\n";
    for (int n = 0; n < members; ++n) {
      text += "  int m" + std::to_string(n) + ";\n";
    }
    return source_tree{{"actors/a/a_core.hpp", text + "};\n"}};
  };
  const std::string name = "actors/a/a_core.hpp: a_core";
  CHECK(check_members(with(25), {}).empty());
  CHECK(check_members(with(26), {}) == complaints{"actors/a/a_core.hpp:1: a_core has 26 data members, at most 25"});
  CHECK(check_members(with(26), {{name, 26}}).empty());
  CHECK(check_members(with(27), {{name, 26}}).size() == 1);
  CHECK(check_members(with(26), {{name, 27}}).size() == 1);
  CHECK(check_members(with(25), {{name, 26}}).size() == 1);
  CHECK(check_members(with(1), {{"actors/a/a_core.hpp: b_core", 26}}).size() == 1);
  source_tree tree{{"actors/manager/planning/b.hpp", with(26).begin()->second},
                   {"actors/job_runner/b.hpp", with(26).begin()->second},
                   {"actors/env/b.hpp", with(26).begin()->second}};
  CHECK(check_members(tree, {}).size() == 2);
}
