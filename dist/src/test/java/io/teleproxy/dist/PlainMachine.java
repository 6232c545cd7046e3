package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** A machine with a nameserver and without any cluster, for what concerns root's part alone. */
final class PlainMachine implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String NAMESERVER = "192.0.2.53";

  private final Namespace namespace;
  private final Upstream upstream;
  private final Http http;
  private final Set<Long> others;
  private HostState before;

  PlainMachine() {
    Requirements.privileged();
    namespace = Namespace.create().addresses(NAMESERVER);
    namespace.resolvConf("nameserver " + NAMESERVER + "\n");
    upstream = new Upstream(namespace, NAMESERVER);
    http = new Http(namespace);
    others = Set.copyOf(namespace.processes());
    before = HostState.of(namespace);
  }

  /** All processes that have come since, this one first. */
  List<Long> processes(Product product) {
    List<Long> all = new ArrayList<>(List.of(product.pid()));
    namespace.processes().stream()
        .filter(pid -> pid != product.pid() && !others.contains(pid))
        .forEach(all::add);
    return all;
  }

  Namespace namespace() {
    return namespace;
  }

  Http http() {
    return http;
  }

  Command.Result run(String command) {
    return namespace.command("sh", "-ec", command).run().succeeded();
  }

  /** From here on, this is how it was before. */
  void remember() {
    before = HostState.of(namespace);
  }

  Product.User user(String backend) {
    return Product.user(namespace).backend(backend);
  }

  Product start(String backend) {
    return user(backend).start("run", "--mode", "intercept");
  }

  Product ready(String backend) {
    Product product = start(backend);
    assertThat(product.awaitReady()).contains(backend);
    return product;
  }

  /** Adds a table and sees that it is in force. */
  void use() {
    assertThat(
            http.post(
                    "http://teleproxy/api/tables/",
                    "[{\"name\": \"t\", \"routes\": [{\"name\": \"myhost\", \"ip\": \"10.9.9.9\","
                        + " \"target\": \"1080\"}]}]")
                .status())
        .isEqualTo(200);
    assertThat(intercepts()).isTrue();
  }

  /** A table of many names and addresses. */
  static String table(String name, int routes) {
    StringBuilder table = new StringBuilder("[{\"name\": \"" + name + "\", \"routes\": [");
    for (int i = 0; i < routes; i++) {
      table.append(i == 0 ? "" : ",").append("{\"name\": \"").append(name).append('-').append(i);
      table.append("\", \"ip\": \"10.7.").append(i / 250).append('.').append(i % 250);
      table.append("\", \"target\": \"1080\"}");
    }
    return table + "]}]";
  }

  /** Whether names and connections are led to us. */
  boolean intercepts() {
    return http.dig("myhost", "+timeout=1").contains("10.9.9.9")
        && http.curl("-f", "http://teleproxy/api/status").exit() == 0;
  }

  /** Everything is as it was before. */
  void asBefore() {
    await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(HostState.of(namespace).since(before)).isEmpty());
  }

  @Override
  public void close() {
    upstream.close();
    namespace.close();
  }
}
