// Every key of the configuration as an option of the program, as a variable of its environment, and in a file.
#include <iostream>

#include "djm/node.hpp"
#include "djm/options.hpp"

int main(int argc, char** argv) {
  djm::options options{"arguments", "says hello, on one machine at a time"};
  options.add("greeting", "TEXT", "what it says", "hello").variables("HELLO_"); // --greeting, or HELLO_GREETING
  const auto given = options.parse(argc, argv);
  if (!given) {
    std::cerr << given.error().text << "\n";
    return 2;
  }
  if (given->help) {
    std::cout << options.help();
    return 0;
  }
  auto node = djm::node::start(given->config);
  if (!node) {
    std::cerr << djm::to_string(node.error()) << "\n";
    return 1;
  }
  const auto greeting = given->values.at("greeting");
  const auto say = [greeting](djm::job_context&) { std::cout << greeting << std::endl; };
  const auto job = djm::job_builder("hello").items({"world"}).every(std::chrono::seconds{1}).run(say);
  if (auto ok = node->register_job(job); !ok) {
    std::cerr << djm::to_string(ok.error()) << "\n";
    return 1;
  }
  return node->run_until_signal() ? 0 : 1;
}
