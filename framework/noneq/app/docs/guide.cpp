#include "noneq/app/docs/guide.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "noneq/app/report/embedding.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::app {
namespace fs = std::filesystem;
namespace {

// In the order in which README.md leads to them; others follow by their names.
const std::vector<std::string> order{
    "README.md",        "docs/user-guide.md", "docs/data.md",       "docs/networks.md",   "docs/conditional-models.md",
    "docs/samplers.md", "docs/guides.md",     "docs/metrics.md",    "docs/processing.md", "docs/scaling.md",
    "docs/plugins.md",  "docs/speed.md",      "docs/mathematics.md"};

std::string html_name(const fs::path& source) {
  if (source.filename() == "README.md") return (source.parent_path() / "index.html").string();
  return fs::path(source).replace_extension(".html").string();
}

std::string way_from(const std::string& file, const std::string& to) {
  return fs::path(to).lexically_relative(fs::path(file).parent_path()).generic_string();
}

// Where a link of a page leads to in the site.
std::optional<std::string> place_of(const std::string& url, const std::string& source,
                                    const std::set<std::string>& all) {
  if (url.starts_with("#") || url.starts_with("https://") || url.starts_with("mailto:")) return url;
  const auto hash = url.find('#');
  const std::string target = (fs::path(source).parent_path() / url.substr(0, hash)).lexically_normal().generic_string();
  if (!all.count(target)) return std::nullopt;
  return way_from(html_name(source), html_name(target)) + (hash == url.npos ? "" : url.substr(hash));
}

void add_page(site& s, const fs::path& folder, const std::string& source, const std::set<std::string>& all) {
  rendered_page r = render_markdown(storage::read_file(folder / source),
                                    [&](const std::string& url) { return place_of(url, source, all); });
  site_page page{html_name(source), r.title, std::move(r.html), "Guide", std::move(r.headings)};
  if (source == "README.md") page.title = "Overview";
  for (const heading& h : page.contents)
    s.words.push_back({h.text, h.level == 1 ? "page" : page.title, page.file + "#" + h.anchor, ""});
  s.pages.push_back(std::move(page));
}

void add_pipeline(site& s, const fs::path& folder, const std::string& source) {
  const std::string name = fs::path(source).stem().string(), file = html_name(source);
  s.pages.push_back({file,
                     name,
                     fmt::format("<h1>{}</h1>\n<p class=\"soft\">{}</p>\n<pre><code>{}</code></pre>\n", in_html(name),
                                 in_html(source), in_html(storage::read_file(folder / source))),
                     "",
                     {}});
  s.words.push_back({name, "pipeline", file, ""});
}

}

void add_guide(site& s, const fs::path& folder) {
  std::set<std::string> all;
  std::vector<std::string> pages;
  for (const auto& file : fs::recursive_directory_iterator(folder)) {
    const std::string name = file.path().lexically_relative(folder).generic_string();
    const fs::path ending = file.path().extension();
    if (ending == ".png") s.copies[name] = file.path();
    if (ending == ".md") pages.push_back(name);
    if (ending == ".md" || ending == ".yaml") all.insert(name);
  }
  const auto rank = [](const std::string& name) {
    return std::pair(std::find(order.begin(), order.end(), name) - order.begin(), name);
  };
  std::sort(pages.begin(), pages.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  for (const std::string& name : pages) add_page(s, folder, name, all);
  for (const std::string& name : all)
    if (name.ends_with(".yaml")) add_pipeline(s, folder, name);
}

}
