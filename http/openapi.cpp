#include "http/routes.hpp"

#include <algorithm>

#include "djm/json.hpp"
#include "djm/version.hpp"

namespace djm::http {

namespace {

/// Writes through a sink what has no struct of its own.
class writer {
public:
  json_sink& sink;

  template <class F>
  void object(const char* name, F f) {
    if (name != nullptr) {
      sink.key(name);
    }
    sink.begin_map();
    f();
    sink.end_map();
  }
  template <class F>
  void object(const std::string& name, F f) {
    object(name.c_str(), f);
  }
  void text(const char* name, std::string_view value) {
    sink.key(name);
    sink.text(value);
  }
};

/// The names in braces of a path.
std::vector<std::string> names_in(std::string_view path) {
  std::vector<std::string> names;
  for (auto open = path.find('{'); open != std::string_view::npos; open = path.find('{', open + 1)) {
    names.emplace_back(path.substr(open + 1, path.find('}', open) - open - 1));
  }
  return names;
}

const char* type_of(operation what) {
  switch (what) {
  case operation::metrics: return "text/plain";
  case operation::console: return "text/html";
  case operation::ask: return "application/octet-stream";
  default: return "application/json";
  }
}

void parameter(writer& w, std::string_view name, const char* place, std::string_view text) {
  w.sink.element();
  w.object(nullptr, [&] {
    w.text("name", name);
    w.text("in", place);
    if (!text.empty()) {
      w.text("description", text);
    }
    if (place == std::string_view{"path"}) {
      w.sink.key("required");
      w.sink.boolean(true);
    }
    w.object("schema", [&] { w.text("type", name == "limit" ? "integer" : "string"); });
  });
}

void responses(writer& w, const route& r) {
  const bool marks =
    r.what == operation::mark_worker || r.what == operation::switch_job || r.what == operation::switch_all;
  const bool answers = r.who != access::writer || !marks;
  w.object("responses", [&] {
    const bool empty = !answers || r.what == operation::session;
    w.object(empty ? "204" : "200", [&] {
      w.text("description", empty ? "Done." : "Fine.");
      if (!empty) {
        w.object("content", [&] { w.object(type_of(r.what), [] {}); });
      }
    });
    w.object("default", [&] {
      w.text("description", "What went wrong, as RFC 9457 says.");
      w.object("content", [&] { w.object("application/problem+json", [] {}); });
    });
  });
}

void describe(writer& w, const route& r) {
  w.object(lower(enum_text(r.how)), [&] {
    w.text("operationId", enum_text(r.what));
    w.text("summary", r.text);
    const auto names = names_in(r.path);
    if (!names.empty() || !r.query.empty()) {
      w.sink.key("parameters");
      w.sink.begin_list();
      for (const auto& name : names) {
        parameter(w, name, "path", {});
      }
      for (const auto& q : r.query) {
        parameter(w, q.name, "query", q.text);
      }
      w.sink.end_list();
    }
    if (takes_bytes(r.what)) {
      w.object("requestBody", [&] {
        w.object("content", [&] {
          w.object("application/octet-stream", [] {});
          w.object("application/json", [] {});
        });
      });
    } else if (r.body != nullptr) {
      w.object("requestBody",
               [&] { w.object("content", [&] { w.object("application/json", [&] { w.text("example", r.body); }); }); });
    }
    responses(w, r);
    if (r.who != access::open) {
      w.sink.key("security");
      w.sink.begin_list();
      w.sink.element();
      w.object(nullptr, [&] {
        w.sink.key("token");
        w.sink.begin_list();
        w.sink.end_list();
      });
      w.sink.end_list();
    }
  });
}

} // namespace

std::string openapi_text() {
  json_sink sink{2};
  writer w{sink};
  w.object(nullptr, [&] {
    w.text("openapi", "3.1.0");
    w.object("info", [&] {
      w.text("title", "djm");
      w.text("version", version_text);
      w.text("description", "A node of djm over HTTP. Read-only unless its program allows writes.");
    });
    w.object("paths", [&] {
      std::vector<std::string> done;
      for (const auto& r : routes()) {
        const std::string path = r.path;
        if (std::find(done.begin(), done.end(), path) != done.end()) {
          continue;
        }
        done.push_back(path);
        w.object(path, [&] {
          for (const auto& other : routes()) {
            if (other.path == path) {
              describe(w, other);
            }
          }
        });
      }
    });
    w.object("components", [&] {
      w.object("securitySchemes", [&] {
        w.object("token", [&] {
          w.text("type", "http");
          w.text("scheme", "bearer");
        });
      });
    });
  });
  return sink.take() + '\n';
}

} // namespace djm::http
