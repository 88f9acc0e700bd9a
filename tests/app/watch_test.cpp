// The page of a run over HTTP: what is served, and that nothing else is.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "tiny.hpp"

using namespace testing;

namespace {

// Sends a request as it stands and returns the whole answer.
std::string asked(int port, const std::string& request) {
  const int there = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET, to.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  std::string reply;
  if (::connect(there, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 &&
      ::send(there, request.data(), request.size(), 0) > 0)
    for (char some[4096];;) {
      const auto n = ::recv(there, some, sizeof some, 0);
      if (n <= 0) break;
      reply.append(some, static_cast<std::size_t>(n));
    }
  ::close(there);
  return reply;
}

std::string get(int port, const std::string& path, const std::string& host = "127.0.0.1", const char* verb = "GET") {
  return asked(port, std::string(verb) + " " + path + " HTTP/1.1\r\nHost: " + host +
                         "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

}

TEST_CASE("watch serves the page of one run on this machine, follows it, and ends with Ctrl-C") {
  const scratch place;
  copy_run(place / "r");
  const std::string out = (place / "out").string();
  child server({"watch", "r"}, {.folder = place.folder(), .out = out});
  REQUIRE(server.until([&] { return says(text_of(out), "Ctrl-C ends it\n"); }));
  const std::string line = text_of(out);
  REQUIRE(line.starts_with("http://127.0.0.1:"));
  const int port = std::atoi(line.c_str() + 17);

  const std::string page = get(port, "/");
  CHECK(page.starts_with("HTTP/1.1 200"));
  CHECK(says(page, "<title>tiny</title>"));
  CHECK(says(page, "connect-src 'self'"));
  CHECK(!says(text_of(place / "r/report.html"), "connect-src"));
  const std::string before = get(port, "/state");
  CHECK(before.starts_with("HTTP/1.1 200"));
  put_text(place / "r/metrics.jsonl", text_of(place / "r/metrics.jsonl") +
                                          R"({"step":60,"node":"loss","name":"late","value":1,"unit":""})" + "\n");
  CHECK(get(port, "/state") != before);
  CHECK(says(get(port, "/"), "\"late\""));

  // Names of files in every spelling, a link in the folder that leads out of it, and no files at all.
  std::filesystem::create_directory_symlink("/etc", place / "r/link");
  for (const char* path : {"/pipeline.yaml",
                           "/../r/pipeline.yaml",
                           "/..",
                           "/%2e%2e/out",
                           "/%2e%2e%2fout",
                           "/..%2f..%2fetc%2fpasswd",
                           "/%252e%252e/out",
                           "/..%5c..%5cout",
                           "/..\\out",
                           "//etc/passwd",
                           "//",
                           "/./pipeline.yaml",
                           "/link/passwd",
                           "/checkpoint/checkpoint.json",
                           "/report.html",
                           "/%00",
                           "/state/../pipeline.yaml",
                           "/state%00",
                           "http://127.0.0.1/etc/passwd",
                           "file:///etc/passwd",
                           "/etc/passwd",
                           "*"}) {
    const std::string reply = get(port, path);
    CHECK_MESSAGE((reply.starts_with("HTTP/1.1 404") || reply.starts_with("HTTP/1.1 400")),
                  (std::string(path) + reply));
    CHECK_MESSAGE(!says(reply, "root:"), path);
    CHECK_MESSAGE(!says(reply, "graph:"), path);
  }
  for (const char* verb : {"POST", "PUT", "DELETE"})
    CHECK_MESSAGE(get(port, "/", "127.0.0.1", verb).starts_with("HTTP/1.1 404"), verb);
  CHECK(get(port, "/", "example.org").starts_with("HTTP/1.1 404"));
  CHECK(get(port, "/", "localhost:1").starts_with("HTTP/1.1 200"));

  const outcome taken = program({"watch", "r", "--port", std::to_string(port)}, {.folder = place.folder()});
  CHECK(taken.code == 2);
  CHECK(taken.err == "--port got a port that is in use, need a free one; leave it out for any\n");
  std::filesystem::remove_all(place / "r");
  CHECK(get(port, "/").starts_with("HTTP/1.1 503"));

  server.send(SIGINT);
  const outcome ended = server.wait();
  CHECK(ended.code == 0);
  CHECK(ended.err == "");
  CHECK(program({"watch", "nowhere"}, {.folder = place.folder()}).code == 2);
}
