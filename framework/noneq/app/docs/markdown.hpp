// Markdown as HTML, by cmark-gfm: CommonMark with tables. Pure; thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace noneq::app {

struct heading {
  int level;
  std::string anchor, text;  // text without markup
};

struct rendered_page {
  std::string title, html;  // the title is the text of the first heading
  std::vector<heading> headings;
};

// Renders a page. `link` returns the place that a link leads to in HTML; nothing where the page has no such place, and
// the text of the link then stands without one. Headings have the anchors that GitHub gives them. Comments, which
// direct the tests of a page, and diagrams, which need a script of others, are left out. HTML in the page is kept as it
// is.
rendered_page render_markdown(const std::string& text,
                              const std::function<std::optional<std::string>(const std::string& url)>& link);

}
