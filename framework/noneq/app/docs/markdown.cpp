#include "noneq/app/docs/markdown.hpp"

#include <cctype>
#include <map>
#include <memory>
#include <mutex>

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include <fmt/format.h>

namespace noneq::app {
namespace {

using node_owner = std::unique_ptr<cmark_node, decltype(&cmark_node_free)>;

constexpr int options = CMARK_OPT_UNSAFE | CMARK_OPT_VALIDATE_UTF8;  // raw HTML of our own pages is kept

// Calls f with each node when it is entered. f may change or unlink nodes that it has been called with before.
template <class F>
void visit(cmark_node* root, const F& f) {
  const std::unique_ptr<cmark_iter, decltype(&cmark_iter_free)> at(cmark_iter_new(root), cmark_iter_free);
  for (cmark_event_type event; (event = cmark_iter_next(at.get())) != CMARK_EVENT_DONE;)
    if (event == CMARK_EVENT_ENTER) f(cmark_iter_get_node(at.get()));
}

std::string literal(cmark_node* n) {
  const char* text = cmark_node_get_literal(n);
  return text ? text : "";
}

std::string text_within(cmark_node* n) {
  std::string text;
  visit(n, [&](cmark_node* below) {
    const cmark_node_type type = cmark_node_get_type(below);
    if (type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE) text += literal(below);
    if (type == CMARK_NODE_SOFTBREAK) text += ' ';
  });
  return text;
}

// The anchor that GitHub gives a heading: lower case, words joined by hyphens, no other punctuation.
std::string anchor_of(const std::string& text) {
  std::string anchor;
  for (const unsigned char c : text)
    if (c == ' ' || c == '-')
      anchor += '-';
    else if (std::isalnum(c) || c == '_' || c >= 0x80)
      anchor += static_cast<char>(std::tolower(c));
  return anchor;
}

bool is_left_out(cmark_node* n) {
  const cmark_node_type type = cmark_node_get_type(n);
  if (type == CMARK_NODE_HTML_BLOCK) return literal(n).starts_with("<!--");
  return type == CMARK_NODE_CODE_BLOCK && std::string(cmark_node_get_fence_info(n)) == "mermaid";
}

void move_children(cmark_node* from, const std::function<void(cmark_node*)>& to) {
  while (cmark_node* child = cmark_node_first_child(from)) {
    cmark_node_unlink(child);
    to(child);
  }
}

void put_anchor(cmark_node* n, const heading& h) {
  cmark_node* element = cmark_node_new(CMARK_NODE_CUSTOM_BLOCK);
  cmark_node_set_on_enter(element, fmt::format("<h{} id=\"{}\">", h.level, h.anchor).c_str());
  cmark_node_set_on_exit(element, fmt::format("</h{}>", h.level).c_str());
  cmark_node_insert_before(n, element);
  move_children(n, [&](cmark_node* child) { cmark_node_append_child(element, child); });
  cmark_node_free(n);
}

void without_link(cmark_node* n) {
  move_children(n, [&](cmark_node* child) { cmark_node_insert_before(n, child); });
  cmark_node_free(n);
}

}

rendered_page render_markdown(const std::string& text,
                              const std::function<std::optional<std::string>(const std::string& url)>& link) {
  static std::once_flag registered;
  std::call_once(registered, cmark_gfm_core_extensions_ensure_registered);
  const std::unique_ptr<cmark_parser, decltype(&cmark_parser_free)> parser(cmark_parser_new(options),
                                                                           cmark_parser_free);
  cmark_parser_attach_syntax_extension(parser.get(), cmark_find_syntax_extension("table"));
  cmark_parser_feed(parser.get(), text.data(), text.size());
  const node_owner document(cmark_parser_finish(parser.get()), cmark_node_free);

  std::vector<cmark_node*> headings, links, left_out;
  visit(document.get(), [&](cmark_node* n) {
    if (cmark_node_get_type(n) == CMARK_NODE_HEADING) headings.push_back(n);
    if (cmark_node_get_type(n) == CMARK_NODE_LINK) links.push_back(n);
    if (is_left_out(n)) left_out.push_back(n);
  });
  for (cmark_node* n : left_out) cmark_node_free(n);
  for (cmark_node* n : links)
    if (const auto to = link(cmark_node_get_url(n)))
      cmark_node_set_url(n, to->c_str());
    else
      without_link(n);
  rendered_page page;
  std::map<std::string, int> seen;
  for (cmark_node* n : headings) {
    heading h{cmark_node_get_heading_level(n), "", text_within(n)};
    h.anchor = anchor_of(h.text);
    if (const int before = seen[h.anchor]++; before > 0) h.anchor += fmt::format("-{}", before);
    put_anchor(n, h);
    page.headings.push_back(std::move(h));
  }
  if (!page.headings.empty()) page.title = page.headings.front().text;
  const std::unique_ptr<char, decltype(&std::free)> html(
      cmark_render_html(document.get(), options, cmark_parser_get_syntax_extensions(parser.get())), std::free);
  page.html = html.get();
  return page;
}

}
