package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** UDP of a laptop and of a container on it, through a SOCKS5 proxy that somebody else runs. */
@Tag("privileged")
class DatagramsIT {
  private static final String TABLES = "http://teleproxy/api/tables/";
  private static final String PROXY_PORT = "1234";
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final String TABLE =
      """
      [{
        "name": "far",
        "routes": [
          {"name": "far", "proto": "udp", "ip": "1.2.3.4", "port": "7,9", "target": "1234"},
          {"proto": "udp", "ip": "1.2.3.4", "action": "reject"},
          {"proto": "udp", "ip": "fd00:1::4", "port": "7", "target": "1234"}
        ]
      }]
      """;

  private static Namespace laptop;
  private static Namespace container;
  private static Product product;
  private static Process proxy;
  private static Http http;

  @BeforeAll
  static void run() {
    Requirements.privileged();
    Requirements.programs("socat", "ip", "java");
    laptop = Namespace.create();
    ip(laptop, "link add up0 type veth peer name down0");
    ip(laptop, "link set down0 up");
    ip(laptop, "link set up0 up");
    ip(laptop, "address add 192.0.2.7/24 dev up0");
    ip(laptop, "address add fd99::7/64 dev up0 nodad");
    ip(laptop, "route add default via 192.0.2.1");
    ip(laptop, "-6 route add default via fd99::1");
    container = laptop.container();
    http = new Http(laptop);
    proxy = startProxy();
    product = Product.user(laptop).start("--mode", "intercept");
    product.awaitReady();
    await("the table")
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(http.post(TABLES, TABLE).status()).isEqualTo(200));
  }

  @AfterAll
  static void stop() {
    if (product != null) {
      product.close();
    }
    if (proxy != null) {
      proxy.destroyForcibly();
    }
    if (container != null) {
      container.close();
    }
    if (laptop != null) {
      laptop.close();
    }
  }

  @Test
  void isCarriedFromTheLaptopAndFromContainersWithTheRightSource() {
    for (Namespace from : new Namespace[] {laptop, container}) {
      awaitAnswer(from, "UDP:1.2.3.4:7", "1.2.3.4 7 heard hello");
      awaitAnswer(from, "UDP:1.2.3.4:9", "1.2.3.4 9 heard hello");
    }
    awaitAnswer(laptop, "UDP:far:7", "1.2.3.4 7 heard hello");
    awaitAnswer(laptop, "UDP:[fd00:1::4]:7", "fd00:1:0:0:0:0:0:4 7 heard hello");
  }

  @Test
  void anUndeclaredPortIsRefusedAtOnce() {
    awaitAnswer(laptop, "UDP:1.2.3.4:7", "1.2.3.4 7 heard hello");
    for (Namespace from : new Namespace[] {laptop, container}) {
      awaitRefusal(from, "UDP:1.2.3.4:8");
    }
  }

  @Test
  void isRefusedWhileTheProxyIsAwayAndStatusSaysSo() {
    awaitAnswer(laptop, "UDP:1.2.3.4:7", "1.2.3.4 7 heard hello");
    await("health").atMost(PATIENCE).until(() -> health("state").equals("ready"));
    proxy.destroyForcibly().onExit().join();
    awaitRefusal(laptop, "UDP:1.2.3.4:7");
    awaitRefusal(container, "UDP:1.2.3.4:9");
    await("health").atMost(PATIENCE).until(() -> health("state").equals("degraded"));
    assertThat(health("reason")).contains(PROXY_PORT, "refused");

    proxy = startProxy();
    awaitAnswer(laptop, "UDP:1.2.3.4:7", "1.2.3.4 7 heard hello");
    awaitAnswer(container, "UDP:1.2.3.4:7", "1.2.3.4 7 heard hello");
  }

  private static Process startProxy() {
    Path log = Path.of("target", "associating-proxy.log");
    Command command =
        laptop.command(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            Path.of("target", "test-classes").toAbsolutePath().toString(),
            AssociatingProxy.class.getName(),
            PROXY_PORT);
    return command.start(log, log);
  }

  private static String health(String field) {
    JsonElement status = JsonParser.parseString(http.get("http://teleproxy/api/status").body());
    for (JsonElement component : status.getAsJsonObject().getAsJsonArray("components")) {
      if (component.getAsJsonObject().get("name").getAsString().equals("udp")) {
        return component.getAsJsonObject().get(field).getAsString();
      }
    }
    throw new AssertionError("no component udp: " + status);
  }

  /** From a connected socket, which takes answers from the address that it asked only. */
  private static Command.Result ask(Namespace from, String to) {
    return from.command("socat", "-t", "1", "-T", "1", "-", to).input("hello").run();
  }

  private static void awaitAnswer(Namespace from, String to, String answer) {
    await(to + " from " + from.name())
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(ask(from, to).out()).isEqualTo(answer));
  }

  /** The sender is told by ICMP; one on this machine already when it sends. */
  private static void awaitRefusal(Namespace from, String to) {
    await("a refusal of " + to + " from " + from.name())
        .atMost(PATIENCE)
        .until(
            () -> {
              Command.Result result = ask(from, to);
              return result.exit() != 0
                  && (result.err().contains("Connection refused")
                      || result.err().contains("Operation not permitted"));
            });
  }

  private static void ip(Namespace where, String arguments) {
    String[] words = ("ip " + arguments).split(" ");
    where.command(words).run().succeeded();
  }
}
