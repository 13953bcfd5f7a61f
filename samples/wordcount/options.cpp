#include "options.hpp"

#include <charconv>
#include <cstdlib>
#include <functional>
#include <map>

namespace wordcount {

std::string usage() {
  return R"(wordcount: counts the words of the files below a directory, split over all nodes of a cluster

  wordcount [options]          one node, until SIGINT or SIGTERM
  wordcount --demo [options]   three nodes, one leaving gently, one dying; ends by itself

  --id NAME               node id, unique in the cluster        (node-1)
  --connect WHERE         "embedded" or host:port,host:port     (embedded)
  --root PATH             where the tree lives                  (/wordcount)
  --files DIR             what to count                         (.)
  --journal FILE          shared by all nodes                   (wordcount.journal)
  --period DURATION       between two counts of a share         (200ms)
  --rescan DURATION       between two looks at the directory    (1s)
  --session-timeout D     asked of the store                    (2s)
  --detach D              detach tolerance                      (2s)
  --stop-grace D          stop request ahead of the deadline    (300ms)
  --slow ITEMS            a second job whose runs last          (0: none)
  --slow-lasts DURATION   ... this long                         (5s)
  --quiet                 no status lines
  --zookeeper             demo on a real server, in processes of their own
  --console               the demo stays, and says where its console is
  --zk-server PROGRAM     what starts that server               ($DJM_ZK_SERVER)
)";
}

djm::expected<options> parse(int argc, char** argv) {
  options o;
  if (const char* server = std::getenv("DJM_ZK_SERVER")) {
    o.zk_server = server;
  }
  auto text = [](std::string& to) {
    return [&to](const std::string& value) -> djm::expected<void> {
      to = value;
      return {};
    };
  };
  auto span = [](djm::duration& to) {
    return [&to](const std::string& value) -> djm::expected<void> {
      auto d = djm::parse_duration(value);
      if (!d) {
        return tl::make_unexpected(d.error());
      }
      to = *d;
      return {};
    };
  };
  auto number = [](unsigned& to) {
    return [&to](const std::string& value) -> djm::expected<void> {
      auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), to);
      if (ec != std::errc{} || end != value.data() + value.size()) {
        return djm::fail(djm::errc::invalid_config, "\"" + value + "\" is not a whole number");
      }
      return {};
    };
  };
  const std::map<std::string, std::function<djm::expected<void>(const std::string&)>> with_value{
    {"--id", text(o.id)},
    {"--connect", text(o.connect)},
    {"--root", text(o.root)},
    {"--files", text(o.files)},
    {"--journal", text(o.journal)},
    {"--zk-server", text(o.zk_server)},
    {"--period", span(o.period)},
    {"--rescan", span(o.rescan)},
    {"--session-timeout", span(o.session_timeout)},
    {"--detach", span(o.detach)},
    {"--stop-grace", span(o.stop_grace)},
    {"--slow", number(o.slow_items)},
    {"--slow-lasts", span(o.slow_lasts)},
  };
  const std::map<std::string, bool*> flags{
    {"--quiet", &o.quiet}, {"--demo", &o.demo}, {"--zookeeper", &o.zookeeper}, {"--console", &o.console}};
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (auto f = flags.find(name); f != flags.end()) {
      *f->second = true;
      continue;
    }
    auto w = with_value.find(name);
    if (w == with_value.end()) {
      return djm::fail(djm::errc::invalid_config, "unknown option \"" + name + "\"");
    }
    if (++i >= argc) {
      return djm::fail(djm::errc::invalid_config, "option " + name + " wants a value");
    }
    if (auto ok = w->second(argv[i]); !ok) {
      return djm::fail(ok.error().code, "option " + name + ": " + ok.error().text);
    }
  }
  return o;
}

djm::node_config node_config_of(const options& o) {
  djm::node_config c;
  c.id = djm::node_id{o.id};
  c.store.connect = o.connect;
  c.store.root = o.root;
  c.store.session_timeout = o.session_timeout;
  c.store.operation_deadline = std::min<djm::duration>(o.session_timeout / 2, std::chrono::seconds{3});
  c.detach_tolerance = o.detach;
  c.stop_grace = o.stop_grace;
  c.software_version = "wordcount 1";
  return c;
}

} // namespace wordcount
