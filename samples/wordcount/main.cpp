#include <unistd.h>

#include <iostream>
#include <random>

#include <fmt/format.h>

#include "djm/node.hpp"
#include "file_job.hpp"
#include "options.hpp"

int main(int argc, char** argv) {
  auto o = wordcount::parse(argc, argv);
  if (!o) {
    std::cerr << o.error().text << "\n\n" << wordcount::usage();
    return 2;
  }
  if (o->demo) {
    return wordcount::run_demo(*o, argv[0]);
  }
  auto node = djm::node::start(wordcount::node_config_of(*o));
  if (!node) {
    std::cerr << to_string(node.error()) << "\n";
    return 2;
  }
  // Names this process in the journal; the node's own incarnation would do as well.
  const auto incarnation = fmt::format("{:08x}-{}", std::random_device{}(), getpid());
  wordcount::journal out{o->journal};
  auto files = std::make_shared<wordcount::file_job>(o->files, o->id, incarnation, out);
  djm::job_definition words;
  words.spec.id = "words";
  words.spec.schedule = djm::schedule::fixed_rate(o->period);
  words.spec.pool_check_period = o->rescan;
  words.code = files;
  auto ok = node->register_job(words);
  if (ok && o->slow_items > 0) {
    djm::job_definition slow;
    slow.spec.id = "slow";
    slow.spec.schedule = djm::schedule::fixed_delay(std::chrono::milliseconds{100});
    slow.code = std::make_shared<wordcount::slow_job>(o->slow_items, o->slow_lasts, o->id, incarnation, out);
    ok = node->register_job(slow);
  }
  if (!ok) {
    std::cerr << to_string(ok.error()) << "\n";
    return 2;
  }
  auto end = node->run_until_signal();
  if (!o->quiet) {
    std::cout << fmt::format("{}: counted {} files, {} words, {} records refused\n", o->id, files->files_counted(),
                             files->words_counted(), files->refused());
  }
  if (!end) {
    std::cerr << to_string(end.error()) << "\n";
    return 1;
  }
  return 0;
}
