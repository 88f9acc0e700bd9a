#include "noneq/app/docs/rows.hpp"

#include <fmt/format.h>

#include "noneq/app/docs/site.hpp"
#include "noneq/app/report/embedding.hpp"

namespace noneq::app {

std::string row_html(const row_words& r) {
  const std::string name = in_html(r.name);
  const std::string link = r.anchor.empty() ? name : fmt::format("<a href=\"#{}\">{}</a>", in_html(r.anchor), name);
  return fmt::format("<div class=\"row\"{}><p><code>{}</code> <span>{}</span></p><p>{}</p></div>\n",
                     r.anchor.empty() ? "" : fmt::format(" id=\"{}\"", in_html(r.anchor)), link, in_html(r.words),
                     prose(r.doc));
}

std::string rows_html(const std::string& title, const std::string& rows) {
  return rows.empty() ? "" : fmt::format("<h3>{}</h3>\n<div class=\"rows\">\n{}</div>\n", in_html(title), rows);
}

std::string folded(const std::string& title, const std::string& html) {
  return fmt::format("<details><summary>{}</summary>\n{}</details>\n", in_html(title), html);
}

}
