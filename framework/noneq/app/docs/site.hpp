// The documentation as a set of files: pages, the index of the search, and what is copied. Plain data and pure
// functions; docs/site_folder.hpp writes it.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "noneq/app/docs/markdown.hpp"

namespace noneq::app {

struct site_page {
  std::string file;               // "reference/loader.html"
  std::string title, html;        // html: what stands in <main>
  std::string group;              // the heading in the list of pages; empty: not listed
  std::vector<heading> contents;  // listed below the page while it is shown
};

// A result of the search.
struct site_word {
  std::string name, kind, place, doc;  // "loader.hdf5", "plugin", "reference/loader.html#hdf5"
};

struct site {
  std::vector<site_page> pages;
  std::vector<site_word> words;
  std::map<std::string, std::filesystem::path> copies;  // pictures: their places in the site, and where they are
};

// Returns every file of the site by its name; `frame` is the folder of page.html, docs.css and docs.js.
std::map<std::string, std::string> files_of(const site& s, const std::filesystem::path& frame);

// Text that is safe between tags and within attributes; what stands between two backquotes is code.
std::string prose(std::string_view text);

}
