#include "noneq/app/docs/site.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "noneq/app/page/frame.hpp"
#include "noneq/app/report/embedding.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::app {
namespace {

std::string way_up(const std::string& file) {
  std::string up;
  for (const char c : file)
    if (c == '/') up += "../";
  return up;
}

std::string contents_of(const site_page& page) {
  std::string list;
  for (const heading& h : page.contents)
    if (h.level == 2) list += fmt::format("<li><a href=\"#{}\">{}</a></li>", h.anchor, in_html(h.text));
  return list.empty() ? "" : "<ul>" + list + "</ul>";
}

std::string navigation(const site& s, const site_page& shown) {
  std::string html, group;
  for (const site_page& page : s.pages) {
    if (page.group.empty()) continue;
    if (page.group != group) html += fmt::format("{}<h2>{}</h2><ul>", group.empty() ? "" : "</ul>", page.group);
    group = page.group;
    const bool here = page.file == shown.file;
    html += fmt::format("<li><a href=\"{}{}\"{}>{}</a>{}</li>", way_up(shown.file), page.file,
                        here ? " aria-current=\"page\"" : "", in_html(page.title), here ? contents_of(page) : "");
  }
  return html + (group.empty() ? "" : "</ul>");
}

std::string search_index(const site& s) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const site_word& w : s.words) all.push_back({w.name, w.kind, w.place, w.doc});
  return "'use strict';\nconst words = " + in_script(all) + ";\n";
}

}

std::map<std::string, std::string> files_of(const site& s, const std::filesystem::path& frame) {
  std::map<std::string, std::string> files;
  for (const site_page& page : s.pages)
    files[page.file] = filled(frame, "page.html",
                              {{"title", in_html(page.title)},
                               {"root", way_up(page.file)},
                               {"version", NONEQ_VERSION},
                               {"navigation", navigation(s, page)},
                               {"body", page.html}});
  files["docs.css"] = storage::read_file(frame / "base.css") + storage::read_file(frame / "docs.css");
  files["docs.js"] = storage::read_file(frame / "docs.js");
  files["words.js"] = search_index(s);
  for (const auto& [name, from] : s.copies) files[name] = storage::read_file(from);
  return files;
}

std::string prose(std::string_view text) {
  std::string html;
  bool code = false;
  const bool pairs = std::count(text.begin(), text.end(), '`') % 2 == 0;
  for (const char c : text)
    if (c == '`' && pairs)
      html += (code = !code) ? "<code>" : "</code>";
    else
      html += in_html({&c, 1});
  return html;
}

}
