#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/catalogue.hpp"
#include "noneq/app/docs/reference.hpp"
#include "noneq/app/docs/rows.hpp"
#include "noneq/app/pipeline_keys.hpp"
#include "noneq/app/report/embedding.hpp"

namespace noneq::app {
namespace {

constexpr const char *commands = "reference/commands.html", *keys = "reference/pipeline.html";

std::string with_hyphens(std::string text) {
  std::replace(text.begin(), text.end(), ' ', '-');
  return text;
}

std::string value_of(const option_words& o) {
  std::string words = o.short_name.empty() ? "" : "or " + o.short_name + "; ";
  if (!o.choices.empty())
    words += fmt::format("one of {}", fmt::join(o.choices, ", "));
  else if (o.takes_value())
    words += o.value.substr(0, o.value.find(':'));
  if (o.required) words += std::string(words.empty() ? "" : "; ") + "required";
  return words;
}

void add_verb(site& s, site_page& page, const verb_words& v) {
  for (const verb_words& below : v.verbs) add_verb(s, page, below);
  if (!v.verbs.empty()) return;
  const std::string anchor = with_hyphens(v.name), place = std::string(commands) + "#";
  std::string usage = "noneq " + v.name, rows;
  for (const option_words& a : v.arguments) usage += a.required ? " " + a.name : " [" + a.name + "]";
  s.words.push_back({"noneq " + v.name, "command", place + anchor, v.doc});
  const auto add = [&](const option_words& o) {
    const std::string id = anchor + (o.name.starts_with("-") ? o.name : "-" + o.name);
    rows += row_html({id, o.name, value_of(o), o.doc});
    s.words.push_back({o.name, "noneq " + v.name, place + id, o.doc});
  };
  for (const option_words& a : v.arguments) add(a);
  for (const option_words& o : v.options)
    if (o.name != "--help") add(o);
  page.html += fmt::format(
      "<section class=\"plugin\" id=\"{0}\">\n<h2><a href=\"#{0}\">{1}</a></h2>\n<p>{2}.</p>\n"
      "<pre><code>{3}{4}</code></pre>\n<div class=\"rows\">\n{5}</div>\n</section>\n",
      anchor, in_html(v.name), prose(v.doc), in_html(usage), v.options.size() > 1 ? " [OPTIONS]" : "", rows);
  page.contents.push_back({2, anchor, v.name});
}

void add_keys(site& s, site_page& page, const std::string& title, const std::string& before,
              const nlohmann::ordered_json& rows) {
  std::string html;
  for (const auto& r : rows) {
    const std::string name = r["name"], anchor = before + name;
    html += row_html({anchor, name, value_words(r), r["doc"]});
    s.words.push_back({name, "key of " + title, page.file + "#" + anchor, r["doc"]});
  }
  page.html +=
      fmt::format("<section>\n<h2 id=\"{0}keys\">Keys of {1}</h2>\n<div class=\"rows\">\n{2}</div>\n</section>\n",
                  before, in_html(title), html);
  page.contents.push_back({2, before + "keys", "Keys of " + title});
}

}

void add_command_page(site& s, const verb_words& program, const std::vector<verb_group>& groups) {
  site_page page{commands, "Commands", "<h1>Commands</h1>\n", "Reference", {}};
  page.html +=
      "<p>Exit codes: 0 done; 1 the run failed, or <code>diff</code> found a difference; 2 bad input, refused before "
      "anything ran; 130 interrupted.</p>\n";
  for (const verb_group& g : groups)
    for (const auto& [name, _] : g.verbs)
      for (const verb_words& v : program.verbs)
        if (v.name == name) add_verb(s, page, v);
  s.words.push_back({"Commands", "page", page.file, "every verb and option of noneq"});
  s.pages.push_back(std::move(page));
}

void add_key_page(site& s) {
  site_page page{keys, "Keys of a pipeline", "<h1>Keys of a pipeline</h1>\n", "Reference", {}};
  page.html +=
      "<p>A pipeline is one YAML file. These keys are its own; all others are parameters of <a "
      "href=\"index.html\">plugins</a>.</p>\n";
  add_keys(s, page, "a pipeline", "", top_keys());
  add_keys(s, page, "the process", "process.", process_keys());
  add_keys(s, page, "a node", "node.", node_keys());
  s.words.push_back({"Keys of a pipeline", "page", page.file, "name, seed, process, graph, in, as, of, every"});
  s.pages.push_back(std::move(page));
}

}
