// noneq watch RUN_DIR: the page of a run while it goes on, served to a browser on this machine. Nothing else is served,
// and nothing is written.
#include <thread>

#include <fmt/format.h>
#include <httplib.h>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/report/report_source.hpp"
#include "noneq/app/report/run_page.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/flow/stop.hpp"

namespace noneq::app {
namespace fs = std::filesystem;
namespace {

// The page of a run, made anew when the run has written something. Thread-safe.
class watched_run {
 public:
  watched_run(fs::path folder, registry& plugins) : folder_(std::move(folder)), plugins_(plugins) {}

  // Returns a text that differs after the run has written something that the page shows.
  std::string state() const {
    std::string all;
    std::error_code none;
    const flow::run_folder run(folder_);
    for (const fs::path& file : {folder_ / "pipeline.yaml", run.records(), run.arrays(), run.history(),
                                 folder_ / "files.jsonl", run.saved() / "checkpoint.json"}) {
      const auto bytes = fs::file_size(file, none);
      all += fmt::format("{}-{} ", none ? 0 : bytes, fs::last_write_time(file, none).time_since_epoch().count());
    }
    return all;
  }

  std::string page() {
    const std::lock_guard one(one_);
    if (const std::string now = state(); now != made_at_) page_ = report_page({folder_}, plugins_, now), made_at_ = now;
    return page_;
  }

 private:
  const fs::path folder_;
  registry& plugins_;
  std::mutex one_;
  std::string made_at_, page_;
};

// A page of another site must not read this one through a name of its own that leads here.
bool is_for_this_machine(const httplib::Request& request) {
  const std::string host = request.get_header_value("Host"), name = host.substr(0, host.rfind(':'));
  return name == "localhost" || name == "127.0.0.1";
}

void answer(httplib::Server& server, watched_run& run) {
  server.set_pre_routing_handler([](const httplib::Request& request, httplib::Response& reply) {
    if (is_for_this_machine(request)) return httplib::Server::HandlerResponse::Unhandled;
    reply.status = 404;
    return httplib::Server::HandlerResponse::Handled;
  });
  server.set_default_headers({{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}});
  server.Get("/state",
             [&](const httplib::Request&, httplib::Response& reply) { reply.set_content(run.state(), "text/plain"); });
  server.Get("/", [&](const httplib::Request&, httplib::Response& reply) {
    try {
      reply.set_content(run.page(), "text/html; charset=utf-8");
    } catch (const std::exception& e) {  // the run was removed, or its pipeline is being replaced
      reply.status = 503;
      reply.set_content(first_line(e.what()), "text/plain; charset=utf-8");
    }
  });
}

void serve(const std::string& folder, int port) {
  registry plugins = installed_plugins();
  read_run(folder, plugins);  // a folder that is none is refused before anything is served
  watched_run run(folder, plugins);
  httplib::Server server;
  answer(server, run);
  // The library lets several programs share a port, of which any would answer.
  server.set_socket_options([](socket_t socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  constexpr const char* here = "127.0.0.1";
  if (port == 0)
    port = server.bind_to_any_port(here);
  else if (!server.bind_to_port(here, port))
    port = -1;
  if (port <= 0) throw input_error({error("--port got a port that is in use, need a free one; leave it out for any")});
  flow::stop_on_signals();
  std::thread listening([&] {
    flow::leave_signals_to_main();
    server.listen_after_bind();
  });
  print_out("http://{}:{}/ shows {}; Ctrl-C ends it\n", here, port, folder);
  flush_output();
  while (!stop_asked()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  server.stop();
  listening.join();
}

}

void add_watch(CLI::App& program) {
  struct options {
    std::string folder;
    int port = 0;
  };
  auto o = std::make_shared<options>();
  CLI::App* verb = program.add_subcommand("watch", "the page of a run while it goes on, for a browser on this machine");
  verb->add_option("RUN_DIR", o->folder, "the folder of the run")->required()->check(not_empty());
  verb->add_option("--port", o->port, "where the page is served (default: any free port)")
      ->check(integer_from(1, 65535));
  verb->callback([o] { serve(o->folder, o->port); });
}

}
