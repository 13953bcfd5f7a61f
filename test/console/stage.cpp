// A cluster in one process with something to look at, and its console: `./dev console`, and what the tests of the page
// start. Prints the addresses of its nodes, and ends when its standard input does.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "djm/http.hpp"
#include "djm/node.hpp"

using namespace djm;
using namespace std::chrono_literals;

namespace {

struct settings {
  std::size_t items = 40;
  std::size_t ticks = 0; ///< items that run ten times a second, beside the others
  bool calm = false;     ///< one job, which hardly ever runs
  bool writes = false;
  bool hostile = false;
  std::string token_file;
  std::uint32_t port = 0;
};

const char* const nasty =
  "<script>document.title='owned'</script> \xe2\x80\xaekcab\xe2\x80\xac \"quoted\" & <b>bold</b>";

std::vector<item_id> numbered(const std::string& prefix, std::size_t n) {
  std::vector<item_id> items;
  for (std::size_t i = 0; i < n; ++i) {
    auto number = std::to_string(i);
    items.emplace_back(prefix + std::string(number.size() < 5 ? 5 - number.size() : 0, '0') + number);
  }
  return items;
}

int complain(const error& e) {
  std::cerr << to_string(e) << "\n";
  return EXIT_FAILURE;
}

/// What every node offers.
std::vector<job_builder> common_jobs(const settings& s) {
  std::vector<job_builder> jobs;
  const auto add = [&](const char* id, std::vector<item_id> items, std::chrono::milliseconds period) -> job_builder& {
    jobs.emplace_back(job_id{id});
    return jobs.back().items(std::move(items)).every(period).run([](job_context&) {});
  };
  if (s.calm) {
    add("mail", numbered("mailbox-", 1), 1h);
    return jobs;
  }
  add("mail", numbered("mailbox-", s.items), 2s);
  add("thumbnails", numbered("bucket-", 24), 5s);
  add("invoices",
      to_ids<item_id>(std::vector<std::string>{"asia", "europe", "north-america", "south-america", "africa"}), 30s);
  add("reindex", numbered("shard-", 16), 60s);
  add("heartbeats", numbered("probe-", 9), 1s);
  add("exports", numbered("tenant-", 12), 10s).run([](job_context& ctx) {
    while (ctx.sleep(4s)) {
    }
  });
  add("webhooks", numbered("queue-", 6), 3s).run([&s](job_context&) {
    throw std::runtime_error(s.hostile ? nasty : "the receiver answers with 502 Bad Gateway");
  });
  if (s.ticks > 0) {
    add("ticks", numbered("tick-", s.ticks), 100ms).thread_per_item();
  }
  if (s.hostile) {
    jobs.emplace_back(job_id{std::string(120, 'J')});
    jobs.back().items({item_id{std::string(120, 'i')}, item_id{"short"}}).every(5s).run([](job_context&) {});
  }
  return jobs;
}

std::optional<settings> read(int argc, char** argv) {
  settings s;
  for (int i = 1; i < argc; ++i) {
    const std::string a = argv[i];
    const bool more = i + 1 < argc;
    if (a == "--writes") {
      s.writes = true;
    } else if (a == "--hostile") {
      s.hostile = true;
    } else if (a == "--items" && more) {
      s.items = std::stoul(argv[++i]);
    } else if (a == "--ticks" && more) {
      s.ticks = std::stoul(argv[++i]);
    } else if (a == "--calm") {
      s.calm = true;
    } else if (a == "--token-file" && more) {
      s.token_file = argv[++i];
    } else if (a == "--port" && more) {
      s.port = static_cast<std::uint32_t>(std::stoul(argv[++i]));
    } else {
      std::cerr << "usage: console_stage [--writes] [--hostile] [--items N] [--ticks N] [--calm] [--token-file "
                   "FILE] [--port N]\n";
      return std::nullopt;
    }
  }
  return s;
}

} // namespace

int main(int argc, char** argv) {
  const auto s = read(argc, argv);
  if (!s) {
    return EXIT_FAILURE;
  }
  std::vector<node> nodes;
  std::vector<http_server> servers;
  nodes.reserve(8);
  servers.reserve(8);
  const char* const names[] = {"amber", "basalt", "cobalt", "dahlia"};
  const char* const zones[] = {"north", "north", "south", "south"};
  for (int i = 0; i < 4; ++i) {
    node_config config;
    config.id = node_id{names[i]};
    config.store.connect = "embedded";
    config.zone = zones[i];
    config.software_version = s->hostile ? "<img src=x onerror=alert(1)>" : "2.14.0";
    http_config http;
    http.port = i == 0 ? s->port : 0;
    http.allow_writes = s->writes;
    http.token_file = s->token_file;
    auto socket = http_listener::open(http);
    if (!socket) {
      return complain(socket.error());
    }
    node_options silent;
    silent.log = [](const log_record&) {};
    silent.http_url = socket->public_url();
    auto n = node::start(config, std::move(silent));
    if (!n) {
      return complain(n.error());
    }
    for (const auto& job : common_jobs(*s)) {
      if (auto ok = n->register_job(job); !ok) {
        return complain(ok.error());
      }
    }
    nodes.push_back(std::move(*n));
    client_options reach;
    reach.store = config.store;
    auto outside = client::open(reach);
    if (!outside) {
      return complain(outside.error());
    }
    http_options given;
    given.shown = config;
    given.outside = std::make_shared<client>(std::move(*outside));
    auto server = http_server::start(nodes.back(), std::move(*socket), given);
    if (!server) {
      return complain(server.error());
    }
    std::cout << names[i] << " " << server->url() << std::endl;
    servers.push_back(std::move(*server));
  }
  if (auto ok = nodes.front().wait_ready(1min); !ok) {
    return complain(ok.error());
  }
  (void) nodes.front().cordon(node_id{"dahlia"});
  (void) nodes.front().disable_job(job_id{"reindex"});
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "kill") {
      servers.front().stop();
    }
  }
  servers.clear();
  return EXIT_SUCCESS;
}
