// Does to a server over HTTP what many others would: ./dev console --load and --hammer start it.
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <arpa/inet.h>

#include "work.hpp"

namespace {

/// Texts one after the other, each behind its length and a blank: they may hold any byte.
std::vector<std::string> read_texts(std::istream& in) {
  std::size_t count = 0;
  in >> count;
  std::vector<std::string> texts(count);
  for (auto& t : texts) {
    std::size_t size = 0;
    in >> size;
    in.get();
    t.resize(size);
    in.read(t.data(), static_cast<std::streamsize>(size));
  }
  if (!in || texts.empty()) {
    throw std::runtime_error{"standard input: expected a number, and so many texts, each behind its length"};
  }
  return texts;
}

int usage() {
  std::cerr << "usage: http_driver load PORT SECONDS [RATE FOLLOWERS SLOW IDLE]\n"
               "       http_driver hammer PORT REQUESTS SEED  (sound requests and pieces on standard input)\n";
  return EXIT_FAILURE;
}

int run(int argc, char** argv) {
  if (argc < 4) {
    return usage();
  }
  const std::string what = argv[1];
  sockaddr_in server{};
  server.sin_family = AF_INET;
  server.sin_port = htons(static_cast<std::uint16_t>(std::stoul(argv[2])));
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (what == "load" && (argc == 4 || argc == 8)) {
    driver::load_plan plan;
    plan.time = std::chrono::seconds{std::stoul(argv[3])};
    if (argc == 8) {
      plan.rate = std::stoul(argv[4]);
      plan.followers = std::stoul(argv[5]);
      plan.slow = std::stoul(argv[6]);
      plan.idle = std::stoul(argv[7]);
    }
    driver::run_load(server, plan);
    return EXIT_SUCCESS;
  }
  if (what == "hammer" && argc == 5) {
    driver::hammer_plan plan;
    plan.requests = std::stoull(argv[3]);
    plan.seed = std::stoull(argv[4]);
    plan.sound = read_texts(std::cin);
    plan.pieces = read_texts(std::cin);
    driver::run_hammer(server, plan);
    return EXIT_SUCCESS;
  }
  return usage();
}

} // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "http_driver: " << e.what() << "\n";
    return EXIT_FAILURE;
  }
}
