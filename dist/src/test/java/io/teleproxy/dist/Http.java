package io.teleproxy.dist;

import java.util.ArrayList;
import java.util.List;

/** curl in a namespace, as a user of the product types it. */
record Http(Namespace namespace) {
  /** An answer: HTTP status and body. */
  record Answer(int status, String body) {}

  /**
   * The plain command, for what has no answer: exit 6 is an unknown name, 7 a refused connection.
   */
  Command.Result curl(String... arguments) {
    List<String> words = new ArrayList<>(List.of("curl", "-sS", "--max-time", "20"));
    words.addAll(List.of(arguments));
    return namespace.command(words.toArray(String[]::new)).run();
  }

  Answer get(String url) {
    return answer(curl("-w", "\n%{http_code}", "-k", url));
  }

  Answer post(String url, String body) {
    return answer(curl("-w", "\n%{http_code}", "-X", "POST", "--data-binary", body, url));
  }

  Answer delete(String url) {
    return answer(curl("-w", "\n%{http_code}", "-X", "DELETE", url));
  }

  private static Answer answer(Command.Result result) {
    String out = result.succeeded().out();
    int end = out.lastIndexOf('\n');
    return new Answer(Integer.parseInt(out.substring(end + 1)), out.substring(0, end).trim());
  }

  /** The addresses, or other data, that dig finds for a name. */
  List<String> dig(String name, String... arguments) {
    List<String> words = new ArrayList<>(List.of("dig", "+short", "+time=5", "+tries=1", name));
    words.addAll(List.of(arguments));
    return namespace.command(words.toArray(String[]::new)).run().lines();
  }
}
