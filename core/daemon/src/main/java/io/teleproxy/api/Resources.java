package io.teleproxy.api;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Table;
import io.teleproxy.tables.TableJson;
import io.teleproxy.tables.TablePatch;
import io.teleproxy.tables.TableStore;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/** The API's resources: from method, path and body to a reply, without HTTP around it. */
final class Resources {
  /** The table of our own names; it cannot be replaced. */
  static final String BOOTSTRAP = "bootstrap";

  private static final String TABLES = "/api/tables";

  /** Of Prometheus' text format. */
  private static final String METRICS = "text/plain; version=0.0.4; charset=utf-8";

  private final TableStore tables;
  private final Daemon daemon;

  Resources(TableStore tables, Daemon daemon) {
    this.tables = tables;
    this.daemon = daemon;
  }

  CompletionStage<Reply> handle(String method, String uri, String body) {
    int query = uri.indexOf('?');
    String path = query < 0 ? uri : uri.substring(0, query);
    while (path.endsWith("/")) {
      path = path.substring(0, path.length() - 1);
    }
    try {
      if (path.equals(TABLES)) {
        return allTables(method, body);
      }
      if (path.startsWith(TABLES + "/")) {
        return oneTable(
            method,
            URLDecoder.decode(path.substring(TABLES.length() + 1), StandardCharsets.UTF_8),
            body);
      }
      return switch (path) {
        case "/api/search" -> search(method, body);
        case "/api/status" ->
            method.equals("GET") ? done(Reply.ok(daemon.status())) : notAllowed("GET");
        case "/api/connections" -> answer(method, daemon.connections());
        case "/api/queries" -> answer(method, daemon.queries(number(uri, "after")));
        case "/api/log" -> answer(method, daemon.log());
        case "/api/explain" -> explain(method, uri);
        case "/metrics" ->
            method.equals("GET")
                ? daemon.metrics().thenApply(text -> Reply.text(Resources.METRICS, text))
                : notAllowed("GET");
        case "/api/bridge" -> bridge(method, body);
        case "/api/shutdown" -> shutdown(method);
        default -> done(page(method, path));
      };
    } catch (IllegalArgumentException e) {
      return done(Reply.error(400, String.valueOf(e.getMessage())));
    }
  }

  private static Reply page(String method, String path) {
    return Page.at(path)
        .filter(page -> method.equals("GET"))
        .orElseGet(
            () ->
                Reply.error(
                    404,
                    path
                        + ": no such resource (there are /api/tables/, /api/tables/NAME,"
                        + " /api/search, /api/status, /api/connections, /api/queries,"
                        + " /api/explain, /api/log, /api/events, /api/shutdown, /metrics)"));
  }

  private static CompletionStage<Reply> answer(String method, CompletionStage<JsonObject> asked) {
    return method.equals("GET") ? asked.thenApply(Reply::ok) : notAllowed("GET");
  }

  private CompletionStage<Reply> explain(String method, String uri) {
    String host = parameter(uri, "host");
    long port = number(uri, "port");
    String protocol = parameter(uri, "protocol");
    if (host.isEmpty() || port > 65535 || !protocol.matches("(tcp|udp)?")) {
      throw new IllegalArgumentException(
          "expected: /api/explain?host=NAME&port=PORT&protocol=tcp, with a port of 1-65535 or none,"
              + " and tcp or udp or neither");
    }
    Protocol asked = protocol.equals("udp") ? Protocol.UDP : Protocol.TCP;
    return answer(method, daemon.explain(host, asked, (int) port));
  }

  /** 0 if it is not there. */
  private static long number(String uri, String name) {
    String text = parameter(uri, name);
    if (!text.matches("[0-9]{0,18}")) {
      throw new IllegalArgumentException(name + ": '" + text + "' (expected: a number)");
    }
    return text.isEmpty() ? 0 : Long.parseLong(text);
  }

  private static String parameter(String uri, String name) {
    return new QueryStringDecoder(uri).parameters().getOrDefault(name, List.of("")).get(0);
  }

  private CompletionStage<Reply> allTables(String method, String body) {
    return switch (method) {
      case "GET" -> done(Reply.ok(TableJson.write(tables.latest().tables())));
      case "POST" -> put(TableJson.read(body));
      default -> notAllowed("GET, POST");
    };
  }

  private CompletionStage<Reply> oneTable(String method, String name, String body) {
    return switch (method) {
      case "GET" ->
          done(
              tables
                  .latest()
                  .table(name)
                  .map(table -> Reply.ok(TableJson.write(table)))
                  .orElseGet(() -> noTable(name)));
      case "POST" -> {
        List<Table> posted = TableJson.read(body);
        if (posted.size() != 1 || !posted.get(0).name().equals(name)) {
          throw new IllegalArgumentException(
              "expected: one table with the name '" + name + "', as in the path");
        }
        yield put(posted);
      }
      case "PATCH" -> patch(name, TablePatch.read(body));
      case "DELETE" -> delete(name);
      default -> notAllowed("GET, POST, PATCH, DELETE");
    };
  }

  private CompletionStage<Reply> patch(String name, TablePatch patch) {
    if (name.equals(BOOTSTRAP)) {
      return done(reserved());
    }
    return tables.patch(name, patch) ? applied() : done(noTable(name));
  }

  private CompletionStage<Reply> delete(String name) {
    if (name.equals(BOOTSTRAP)) {
      return done(reserved());
    }
    if (tables.latest().table(name).isEmpty()) {
      return done(noTable(name));
    }
    tables.remove(name);
    return applied();
  }

  private CompletionStage<Reply> put(List<Table> posted) {
    if (posted.stream().anyMatch(table -> table.name().equals(BOOTSTRAP))) {
      return done(reserved());
    }
    tables.put(posted);
    return applied();
  }

  private CompletionStage<Reply> search(String method, String body) {
    return switch (method) {
      case "GET" -> {
        JsonArray search = new JsonArray();
        tables.latest().search().forEach(search::add);
        yield done(Reply.ok(search));
      }
      case "POST" -> {
        tables.search(TableJson.readStrings(body));
        yield applied();
      }
      default -> notAllowed("GET, POST");
    };
  }

  private CompletionStage<Reply> shutdown(String method) {
    if (!method.equals("GET") && !method.equals("POST")) {
      return notAllowed("GET, POST");
    }
    JsonObject body = new JsonObject();
    body.addProperty("stopping", true);
    return done(Reply.ok(body));
  }

  private CompletionStage<Reply> bridge(String method, String body) {
    if (!method.equals("POST")) {
      return notAllowed("POST");
    }
    try {
      return done(Reply.ok(daemon.bridge(JsonParser.parseString(body).getAsJsonObject())));
    } catch (IllegalStateException e) {
      return done(Reply.error(409, String.valueOf(e.getMessage())));
    } catch (JsonParseException | NullPointerException | DateTimeException e) {
      throw new IllegalArgumentException("not what a bridge says: " + e.getMessage(), e);
    }
  }

  private CompletionStage<Reply> applied() {
    return daemon
        .applied()
        .toCompletableFuture()
        .copy()
        .orTimeout(10, TimeUnit.SECONDS)
        .handle(
            (nothing, failure) -> {
              if (failure == null) {
                JsonObject body = new JsonObject();
                body.addProperty("applied", true);
                return Reply.ok(body);
              }
              Throwable cause = failure.getCause() == null ? failure : failure.getCause();
              return Reply.error(
                  500,
                  "accepted, but not carried out yet: "
                      + (cause.getMessage() == null ? cause : cause.getMessage())
                      + ". See /api/status.");
            });
  }

  private static Reply noTable(String name) {
    return Reply.error(404, "no table '" + name + "' (GET /api/tables/ lists them)");
  }

  private static Reply reserved() {
    return Reply.error(
        409, "the table '" + BOOTSTRAP + "' is reserved: it holds teleproxy's own names");
  }

  private static CompletionStage<Reply> notAllowed(String allowed) {
    return done(Reply.error(405, "method not allowed (allowed: " + allowed + ")"));
  }

  private static CompletionStage<Reply> done(Reply reply) {
    return CompletableFuture.completedFuture(reply);
  }
}
