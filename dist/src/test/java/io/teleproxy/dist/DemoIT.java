package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code teleproxy demo} on a machine without a cluster, a kubeconfig, or any way out. */
class DemoIT {
  private static final String USER = "65534";
  private static final Path NOWHERE = Path.of("/dev/null");

  @ParameterizedTest
  @MethodSource("io.teleproxy.dist.Backend#tested")
  void whatItSaysToTryWorks(String backend) {
    try (PlainMachine machine = new PlainMachine();
        Product product = demo(machine, backend)) {
      Http http = machine.http();
      assertThat(product.awaitReady()).contains(backend);
      await()
          .atMost(Duration.ofSeconds(30))
          .untilAsserted(() -> assertThat(product.stdout()).contains("curl http://hello.demo/"));

      assertThat(http.get("http://hello.demo/").body()).startsWith("Hello from the demo cluster!");
      assertThat(http.get("http://db-1.db.demo/").body()).isEqualTo("I am the pod db-1.");
      assertThat(http.curl("http://empty.demo/").exit()).as("refused").isEqualTo(7);
      assertThat(http.curl("http://hello.demo:81/").exit()).as("refused").isEqualTo(7);
      assertThat(http.dig("db.demo")).containsExactlyInAnyOrder("127.77.1.1", "127.77.1.2");
      assertThat(machine.run("dig +noall +comments nothing.demo").out()).contains("NXDOMAIN");
      machine.run("printf hi | socat -t20 - TCP4:echo.demo:7 | grep -qx hi");
      await("datagrams")
          .atMost(Duration.ofSeconds(30))
          .until(
              () ->
                  List.of("hi")
                      .equals(
                          machine.run("printf hi | socat -t1 - UDP4:echo.demo:7 || true").lines()));

      if (backend.equals("linux-nftables")) {
        whatIsShown(machine, product);
        whenFilesRunOut(machine, product);
      }
      // Both learn that it stops, or they would be there for ever.
      List<Process> connected =
          List.of(
                  machine.namespace().command("curl", "-sSN", "http://teleproxy/api/events"),
                  machine.namespace().command("socat", "-u", "TCP4:echo.demo:7", "-"))
              .stream()
              .map(one -> one.start(NOWHERE, NOWHERE))
              .toList();
      await("connections")
          .atMost(Duration.ofSeconds(30))
          .untilAsserted(
              () ->
                  assertThat(machine.run("ss -Htnp state established").out())
                      .containsPattern("127.254.254.254:80 .*\"curl\"")
                      .containsPattern("127.77.0.7:7 .*\"socat\""));
      assertThat(product.stop()).as("%s", product).isZero();
      connected.forEach(one -> assertThat(one.onExit()).succeedsWithin(Duration.ofSeconds(10)));
      machine.asBefore();
    }
  }

  /** Control-C while it starts: the shell's prompt is what comes last. */
  @Test
  void whoStopsItWhileItStartsHearsNothingAfterItsEnd() {
    try (PlainMachine machine = new PlainMachine();
        Product product = demo(machine, "linux-nftables")) {
      await().atMost(Duration.ofSeconds(30)).until(() -> product.stderr().contains("chosen="));
      List<ProcessHandle> bridges =
          machine.processes(product).stream()
              .flatMap(pid -> ProcessHandle.of(pid).stream())
              .filter(one -> one.info().user().filter("root"::equals).isEmpty())
              .toList();
      assertThat(bridges).isNotEmpty();
      product.signal("INT");
      assertThat(product.exitCode()).as("%s", product).isZero();
      // Nobody may have asked for its exit status yet.
      assertThat(bridges).noneMatch(one -> one.info().commandLine().isPresent());
      assertThat(product.stderr()).doesNotContain("has died");
      machine.asBefore();
    }
  }

  /** While it runs: the way of names, what flows, the numbers, and the page. */
  private static void whatIsShown(PlainMachine machine, Product product) {
    Http http = machine.http();
    assertThat(explain(product, 0, "hello.demo:80")).contains("far end", "connection here");
    assertThat(explain(product, 1, "hello.demo:81")).contains("Broken: route", "not declared");
    assertThat(explain(product, 1, "empty.demo:80")).contains("Broken: route", "ready endpoints");
    assertThat(explain(product, 1, "no-such.example.test"))
        .contains("It is none of ours", "Your nameserver does not know it, or does not answer");
    assertThat(explain(product, 1, "helo.demo:80")).contains("Broken: name", "hello.demo");
    assertThat(product.user().execute("explain", "hello.demo", "--json").out())
        .contains("\"broken\": \"\"", "\"127.77.0.10\"");

    Command.Result flows = product.user().execute("connections");
    assertThat(flows.out()).contains("127.77.0.10:80", "hello.demo", "closed");
    for (String line : flows.lines()) {
      // One number for a connection: in this list, and in what both processes log of it.
      String number = line.split(" ")[0] + " ";
      if (line.contains("tcp") && line.contains("closed")) {
        await("what the bridge logs, which comes through root's part")
            .atMost(Duration.ofSeconds(30))
            .untilAsserted(
                () ->
                    assertThat(product.stderr())
                        .contains(
                            "DEBUG proxy - " + number,
                            "DEBUG bridge/socks - " + number + "dial 127.77."));
      }
    }
    Process socat =
        machine.namespace().command("socat", "-u", "TCP4:echo.demo:7", "-").start(NOWHERE, NOWHERE);
    try {
      await("a process by name")
          .atMost(Duration.ofSeconds(30))
          .untilAsserted(
              () ->
                  assertThat(product.user().execute("connections").out())
                      .containsPattern("[0-9]+/socat +0 +tcp +127.77.0.7:7 +echo.demo +open"));
    } finally {
      socat.destroy();
    }

    machine.run("curl -sS http://teleproxy/api/queries");
    machine.run("dig +short hello.demo");
    assertThat(http.get("http://teleproxy/api/queries").body())
        .contains("\"name\":\"hello.demo.\"");
    assertThat(http.get("http://teleproxy/metrics").body())
        .contains("teleproxy_component_ready{component=\"tunnel demo\"} 1")
        .containsPattern("teleproxy_connections_accepted_total [1-9]");
    assertThat(http.get("http://teleproxy/").body()).contains("<title>teleproxy</title>");
    assertThat(http.get("http://teleproxy/page.js").body()).contains("EventSource");
    assertThat(machine.run("curl -sSN http://teleproxy/api/events | head -c 3000").out())
        .startsWith("event: tick\ndata: {");
  }

  /** It says so, and what waits meanwhile is served as soon as there is room. */
  private static void whenFilesRunOut(PlainMachine machine, Product product) {
    long pid = product.pid();
    long open = machine.run("ls /proc/" + pid + "/fd").lines().size();
    // Under its own group id: whose limits are another's may be changed by few.
    String limits =
        "setpriv --regid $(awk '/^Gid:/ {print $2}' /proc/%d/status) --keep-groups prlimit --pid %d "
            .formatted(pid, pid);
    String before = machine.run(limits + "--nofile --noheadings -o SOFT").out().trim();
    machine.run(limits + "--nofile=" + (open + 6) + ":");
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> product.stderr().contains("open files: degraded: more than nine tenths"));
    Process crowd =
        machine
            .namespace()
            .command(
                "sh",
                "-c",
                "for i in 1 2 3 4 5 6 7 8; do timeout 2 socat -u TCP4:echo.demo:7 - & done; wait")
            .start(NOWHERE, NOWHERE);
    assertThat(crowd.onExit()).succeedsWithin(Duration.ofSeconds(30));
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> machine.http().curl("http://hello.demo/").exit() == 0);
    assertThat(product.stderr()).contains("Too many open files").doesNotContain("exceptionCaught");
    machine.run(limits + "--nofile=" + before + ":");
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> product.stderr().contains("open files: ready again"));
  }

  private static String explain(Product product, int exit, String place) {
    Command.Result result = product.user().execute("explain", place);
    assertThat(result.exit()).as("%s", result).isEqualTo(exit);
    return result.out();
  }

  /** As who calls sudo, for whom the bridge runs. */
  private static Product demo(PlainMachine machine, String backend) {
    Product.User user = machine.user(backend).env("SUDO_UID", USER).withProductOfHisOwn();
    Command.of("chown", "-R", "-h", USER, user.home().toString()).run().succeeded();
    return user.start("demo", "-v");
  }
}
