package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A machine like those with systemd-resolved: its nameserver is the stub 127.0.0.53, whose
 * upstreams stand in a file below /run. The stub is played by dnsmasq.
 */
@Tag("privileged")
class SystemdResolvedIT {
  private static final String STUB = "127.0.0.53";
  private static final String FIRST = "192.0.2.53";
  private static final String SECOND = "192.0.2.54";

  @TempDir Path folder;
  private Path upstreams;
  private Path told;
  private Namespace machine;
  private Upstream upstream;
  private Upstream stub;
  private Product product;
  private Http http;
  private Namespace container;
  private Http inContainer;

  @BeforeEach
  void start() throws IOException {
    Requirements.privileged();
    machine = Namespace.create().addresses(FIRST, SECOND);
    machine.resolvConf("nameserver " + STUB + "\noptions edns0 trust-ad\nsearch corp.example\n");
    upstream = new Upstream(machine, FIRST, SECOND);
    stub = Upstream.stub(machine, STUB, FIRST);
    http = new Http(machine);
    // Docker tells containers the stub's upstreams: they could not reach the stub.
    container = machine.container();
    container.resolvConf("nameserver " + FIRST + "\n");
    inContainer = new Http(container);
    upstreams = Files.writeString(folder.resolve("resolv.conf"), "nameserver " + FIRST + "\n");
    told = folder.resolve("told");
    Path resolvectl =
        Files.writeString(folder.resolve("resolvectl"), "#!/bin/sh\necho \"$@\" >>" + told + "\n");
    Files.setPosixFilePermissions(resolvectl, PosixFilePermissions.fromString("rwxr-xr-x"));
    product =
        Product.user(machine)
            .env("PATH", folder + ":" + System.getenv("PATH"))
            .behind("unshare", "-m", "sh", "-c", run(), "sh")
            .start("run", "--mode", "intercept");
    product.awaitReady();
    assertThat(
            http.post(
                    "http://teleproxy/api/tables/",
                    "[{\"name\": \"t\", \"routes\": [{\"name\": \"myhost\", \"ip\": \"1.2.3.4\","
                        + " \"target\": \"1080\"}]}]")
                .status())
        .isEqualTo(200);
  }

  /** A /run of the product's own, in which systemd-resolved seems to run. */
  private String run() {
    return "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/resolve"
        + " && touch /run/systemd/resolve/resolv.conf /run/systemd/resolve/io.systemd.Resolve"
        + " && mount --bind "
        + upstreams
        + " /run/systemd/resolve/resolv.conf && exec \"$@\"";
  }

  @AfterEach
  void stop() {
    for (AutoCloseable each : new AutoCloseable[] {product, stub, upstream, container, machine}) {
      try {
        if (each != null) {
          each.close();
        }
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }
  }

  @Test
  void stubAndUpstreamsAreCapturedAndCachesAreFlushed() throws IOException {
    for (String nameserver : new String[] {STUB, FIRST}) {
      assertThat(http.dig("myhost", "@" + nameserver)).containsExactly("1.2.3.4");
      assertThat(http.dig("www.example.test", "@" + nameserver)).containsExactly(Upstream.WWW);
    }
    for (Namespace each : new Namespace[] {machine, container}) {
      assertThat(each.command("getent", "ahostsv4", "myhost").run().out()).startsWith("1.2.3.4 ");
      assertThat(each.command("getent", "ahostsv4", "www.example.test").run().out())
          .startsWith(Upstream.WWW + " ");
    }
    assertThat(http.dig("myhost", "@" + SECOND)).isEmpty();
    within("caches are flushed at the start", () -> flushes() >= 1);
    long before = flushes();

    Files.writeString(upstreams, "nameserver " + SECOND + "\n");
    within("the new upstream is captured", () -> http.dig("myhost", "@" + SECOND).size() == 1);
    within("the old one is released", () -> http.dig("myhost", "@" + FIRST).isEmpty());
    within("so it is for containers", () -> inContainer.dig("myhost", "@" + SECOND).size() == 1);
    within("and released", () -> inContainer.dig("myhost", "@" + FIRST).isEmpty());
    assertThat(http.dig("www.example.test", "@" + STUB)).containsExactly(Upstream.WWW);
    within("caches are flushed after the change", () -> flushes() > before);

    long last = flushes();
    assertThat(product.stop()).isZero();
    within("caches are flushed at the end", () -> flushes() > last);
    for (Http each : new Http[] {http, inContainer}) {
      assertThat(each.dig("www.example.test")).containsExactly(Upstream.WWW);
      assertThat(each.dig("myhost")).isEmpty();
    }
  }

  private long flushes() {
    try {
      return Files.exists(told)
          ? Files.readString(told).lines().filter("flush-caches"::equals).count()
          : 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void within(String what, Callable<Boolean> condition) {
    await(what).atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(20)).until(condition);
  }
}
