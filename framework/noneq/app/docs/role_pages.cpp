#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/catalogue.hpp"
#include "noneq/app/docs/reference.hpp"
#include "noneq/app/docs/rows.hpp"
#include "noneq/app/report/embedding.hpp"
#include "noneq/config/emit.hpp"

namespace noneq::app {
namespace {

using nlohmann::ordered_json;

std::string page_of(const std::string& role) { return "reference/" + role + ".html"; }

std::string contract_html(const role_contract& c) {
  std::string html;
  for (const std::string& text : c.paragraphs) html += "<p>" + prose(text) + "</p>\n";
  if (c.clauses.empty()) return html;
  std::string list = "<dl>";
  for (const auto& [name, text] : c.clauses)
    list += fmt::format("<dt>{}</dt><dd>{}</dd>\n", in_html(name), prose(text));
  return html +
         folded("The contract of plugins",
                list + "</dl>\n" + fmt::format("<p class=\"soft\">noneq/plugin/roles/{}</p>\n", in_html(c.header)));
}

// A library of the program by its name; another one by its path.
std::string library_of(const ordered_json& table, const registry& plugins) {
  const std::filesystem::path file = table["file"].get<std::string>();
  const auto& folders = plugins.folders();
  std::error_code none;
  for (auto own = folders.end() - std::min<std::ptrdiff_t>(2, std::ssize(folders)); own != folders.end(); ++own)
    if (std::filesystem::equivalent(file.parent_path(), *own, none)) return file.filename().string();
  return file.string();
}

std::string facts_html(const ordered_json& table, const registry& plugins) {
  std::string facts = "library " + library_of(table, plugins);
  for (const auto& hidden : table.value("hides", ordered_json::array()))
    facts += ", which hides " + hidden.get<std::string>();
  if (const auto spaces = table["spaces"].get<std::vector<std::string>>(); !spaces.empty())
    facts += fmt::format(" · space: {}", fmt::join(spaces, ", "));
  return fmt::format("<p class=\"soft\">{}</p>\n", in_html(facts));
}

std::string example_html(const ordered_json& table, const std::vector<plugin_use>& uses) {
  const std::string yaml = uses.empty() ? table["example"].get<std::string>() : config::to_yaml(uses.front().node);
  std::string html = fmt::format("<pre><code>{}</code></pre>\n", in_html(yaml));
  std::vector<std::string> links;
  for (const plugin_use& use : uses) {
    const std::string name = use.pipeline.substr(0, use.pipeline.rfind('.'));
    const std::string link = fmt::format("<a href=\"../pipelines/{0}.html\">{0}</a>", in_html(name));
    if (links.empty() || links.back() != link) links.push_back(link);
  }
  if (!links.empty()) html += fmt::format("<p class=\"soft\">In {}.</p>\n", fmt::join(links, ", "));
  return html;
}

std::string tensors_html(const char* title, const ordered_json& tensors) {
  std::string rows;
  for (const auto& t : tensors) rows += row_html({"", t["name"], "", t["doc"]});
  return rows_html(title, rows);
}

std::string plugin_html(site& s, const role_reference& of, const plugin_answer& a, const registry& plugins) {
  const std::string full = a.of.role + "." + a.of.name, place = page_of(of.role) + "#";
  const std::string head = fmt::format("<section class=\"plugin\" id=\"{0}\">\n<h2><a href=\"#{0}\">{1}</a></h2>\n",
                                       in_html(a.of.name), in_html(full));
  if (!a.problem.empty()) {
    s.words.push_back({full, "plugin", place + a.of.name, a.problem});
    return head + fmt::format("<p class=\"problem\">{}</p>\n</section>\n", in_html(a.problem));
  }
  const ordered_json table = with_files(a.said, plugins, a.of);
  s.words.push_back({full, "plugin", place + a.of.name, table["doc"]});
  std::string rows;
  for (const auto& p : table["parameters"]) {
    const std::string name = p["name"], anchor = a.of.name + "." + name;
    rows += row_html({anchor, name, value_words(p), p["doc"]});
    s.words.push_back({name, full, place + anchor, p["doc"]});
  }
  const auto uses = of.uses.find(full);
  return head + fmt::format("<p>{}</p>\n", prose(table["doc"].get<std::string>())) +
         example_html(table, uses == of.uses.end() ? std::vector<plugin_use>{} : uses->second) +
         rows_html("Parameters", rows) + tensors_html("Reads", table["reads"]) +
         tensors_html("Writes", table["writes"]) + facts_html(table, plugins) + "</section>\n";
}

}

ordered_json reference_table(const plugin_entry& e) {
  ordered_json table = to_json(e);
  config::value node = config::value::map();
  node.set(e.role, shortest_example(e));
  table["example"] = config::to_yaml(node);
  return table;
}

void add_role_page(site& s, const role_reference& of, const registry& plugins) {
  site_page page{page_of(of.role), of.role, fmt::format("<h1>{}</h1>\n", in_html(of.role)), "Plugins", {}};
  s.words.push_back({of.role, "role", page.file, sentence_of(of.contracts)});
  for (const role_contract& c : of.contracts) page.html += contract_html(c);
  for (const plugin_answer& a : of.plugins) {
    page.html += plugin_html(s, of, a, plugins);
    page.contents.push_back({2, a.of.name, a.of.name});
  }
  s.pages.push_back(std::move(page));
}

void add_role_list(site& s, const std::vector<role_reference>& roles) {
  std::string html = "<h1>Plugins</h1>\n<p>A pipeline is made of plugins, each of one of these roles.</p>\n";
  for (const role_reference& r : roles) {
    html += fmt::format("<section>\n<h2><a href=\"{0}.html\">{0}</a></h2>\n<p>{1}</p>\n<div class=\"rows\">\n",
                        in_html(r.role), prose(sentence_of(r.contracts)));
    for (const plugin_answer& a : r.plugins)
      html += fmt::format("<div class=\"row\"><p><code><a href=\"{}.html#{}\">{}</a></code></p><p>{}</p></div>\n",
                          in_html(r.role), in_html(a.of.name), in_html(a.of.name),
                          prose(a.problem.empty() ? a.said.value("doc", "") : a.problem));
    html += "</div>\n</section>\n";
  }
  s.pages.push_back({"reference/index.html", "All plugins", html, "Plugins", {}});
  s.words.push_back({"Plugins", "page", "reference/index.html", "every role and plugin"});
}

}
