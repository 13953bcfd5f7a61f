#include <doctest/doctest.h>

#include "actors/client/item_search.hpp"

using namespace djm;

namespace {

cluster_view view() {
  cluster_view v;
  for (const auto* job : {"a", "b"}) {
    job_view j;
    j.id = job_id{job};
    for (int i = 0; i < 5; ++i) {
      item_view item;
      item.item = item_id{"i" + std::to_string(i)};
      item.owner = node_id{i == 4 ? "" : i % 2 == 0 ? "n1" : "n2"};
      item.holder = node_id{i == 3 ? "n1" : item.owner.str()};
      j.items.push_back(item);
    }
    v.jobs.push_back(j);
  }
  return v;
}

std::string names(const item_page& page) {
  std::string text;
  for (const auto& r : page.items) {
    text += (text.empty() ? "" : " ") + r.job + "/" + r.item;
  }
  return text;
}

} // namespace

TEST_CASE("items: pages follow each other without gap and without repetition") {
  item_query q;
  q.limit = 3;
  std::string all;
  int pages = 0;
  do {
    const auto page = find_items(view(), q);
    REQUIRE(page);
    CHECK(page->total == 10);
    CHECK(page->items.size() <= 3);
    all += (all.empty() ? "" : " ") + names(*page);
    q.after = page->next;
    ++pages;
  } while (!q.after.empty());
  CHECK(pages == 4);
  CHECK(all == "a/i0 a/i1 a/i2 a/i3 a/i4 b/i0 b/i1 b/i2 b/i3 b/i4");
}

TEST_CASE("items: a search narrows by job, node, owner and holder") {
  item_query q;
  q.job = "b";
  q.node = "n1";
  CHECK(names(*find_items(view(), q)) == "b/i0 b/i2 b/i3");
  q = {};
  q.unassigned = true;
  CHECK(names(*find_items(view(), q)) == "a/i4 b/i4");
  q = {};
  q.contested = true;
  CHECK(names(*find_items(view(), q)) == "a/i3 b/i3");
}

TEST_CASE("items: a job that is not there and an end of page that is none are errors") {
  item_query q;
  q.job = "c";
  CHECK(find_items(view(), q).error().code == errc::unknown_job);
  q = {};
  q.after = "nonsense";
  CHECK(find_items(view(), q).error().code == errc::invalid_config);
}
