package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * per-port-fallback where there are more destinations than listeners, other programs at the same
 * ports, and others who write resolv.conf: one start, one step after the other.
 */
@Tag("privileged")
@ResourceLock("/etc/.resolv.conf.teleproxy")
class ListenersIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String TABLES = "http://teleproxy/api/tables/";

  @TempDir Path folder;

  @Test
  void listenersGoWhereNamesAreResolved() throws IOException {
    try (PlainMachine machine = new PlainMachine();
        ForeignProxy proxy =
            new ForeignProxy(machine.namespace(), 1080, "10.7.0.1", "10.7.0.2", "10.7.0.3")) {
      assertThat(proxy).isNotNull();
      Product.User user = machine.user(Backend.PER_PORT);
      user.write(
          "teleproxy.conf",
          Backend.configuration(Backend.PER_PORT)
              + "plugins.per-port-fallback { most-listeners = 20, usual-ports = \"80\" }\n");
      try (Product product = user.start("run", "--mode", "intercept")) {
        assertThat(product.awaitReady()).contains(Backend.PER_PORT);
        examplesOfTheReadmeWork(machine, product);

        assertThat(machine.http().post(TABLES, PlainMachine.table("many", 60)).status())
            .isEqualTo(200);
        onlyResolvedNamesHaveListeners(machine, product);
        aConnectionOutlivesItsListener(machine, product);
        aPortThatAnotherProgramHasIsItsOwn(machine, product);
        whoWritesResolvConfIsFollowed(machine);

        assertThat(product.stop()).as("%s", product).isZero();
        assertThat(addresses(machine)).doesNotContain(" 10.7.");
        assertThat(resolvConf(machine)).isEqualTo("nameserver 192.0.2.53\nsearch other.lan\n");
      }
    }
  }

  private static void onlyResolvedNamesHaveListeners(PlainMachine machine, Product product) {
    assertThat(addresses(machine)).doesNotContain(" 10.7.");
    Command.Result unresolved = product.user().execute("explain", "10.7.0.3:80");
    assertThat(unresolved.out())
        .contains("not intercepted now", "20 listeners at most", "Resolve its name first (many-3)");

    assertThat(machine.http().get("http://many-3/").body()).isEqualTo("this is 10.7.0.3");
    assertThat(machine.http().get("http://10.7.0.3/").body()).isEqualTo("this is 10.7.0.3");
    assertThat(machine.http().curl("http://many-3:81/").exit()).as("not listened at").isEqualTo(7);
    assertThat(product.user().execute("explain", "many-3:81").out()).contains("none of them");
  }

  private void aConnectionOutlivesItsListener(PlainMachine machine, Product product)
      throws IOException {
    Path input = folder.resolve("input");
    Path output = Files.createFile(folder.resolve("output"));
    Command.of("mkfifo", input.toString()).run().succeeded();
    Process client =
        machine
            .namespace()
            .command("sh", "-c", "exec socat - TCP:many-2:80 <>" + input)
            .start(output, output);
    within("it is connected", () -> sockets(machine, "state established").contains("10.7.0.2:80"));

    for (int i = 10; i < 40; i++) {
      assertThat(machine.http().dig("many-" + i)).containsExactly("10.7.0." + i);
    }
    assertThat(listeners(machine)).contains("10.7.0.39%lo:80").doesNotContain("10.7.0.2%lo:80");
    assertThat(addresses(machine)).contains(" 10.7.0.2/32 ");
    assertThat(product.user().execute("status").out()).contains("addresses-kept-for-connections=1");
    assertThat(addresses(machine).lines().filter(line -> line.contains(" 10.7.")))
        .hasSizeLessThanOrEqualTo(21);

    Files.writeString(input, "GET / HTTP/1.0\r\n\r\n");
    within("the answer", () -> Files.readString(output).contains("this is 10.7.0.2"));
    client.destroy();
    within("its address is gone", () -> !addresses(machine).contains(" 10.7.0.2/32 "));
  }

  private static void aPortThatAnotherProgramHasIsItsOwn(PlainMachine machine, Product product) {
    Path log = Path.of("target", "listeners-it.log");
    Process other =
        machine.namespace().command("socat", "TCP-LISTEN:7070,fork", "-").start(log, log);
    try {
      within("it listens", () -> listeners(machine).contains("0.0.0.0:7070"));
      String table =
          "[{\"name\": \"taken\", \"routes\": [{\"name\": \"taken\", \"ip\": \"10.7.9.9\", \"port\":"
              + " \"7070\", \"target\": \"1080\"}]}]";
      assertThat(machine.http().post(TABLES, table).status()).isEqualTo(200);
      assertThat(machine.http().dig("taken")).containsExactly("10.7.9.9");

      within("status says so", () -> health(machine).contains("10.7.9.9:7070/tcp"));
      assertThat(health(machine)).contains("degraded", "port-taken");
      assertThat(product.user().execute("explain", "10.7.9.9:7070").out())
          .contains("answers instead", "ss -lntup");
    } finally {
      other.destroyForcibly();
    }
    within("it is ours then", () -> listeners(machine).contains("10.7.9.9%lo:7070"));
    within("status says so", () -> health(machine).contains("\"ready\""));
  }

  private static void whoWritesResolvConfIsFollowed(PlainMachine machine) {
    machine.namespace().resolvConf("nameserver 192.0.2.53\nsearch other.lan\n");
    within(
        "our server is back",
        () ->
            resolvConf(machine).contains("nameserver 127.254.254.254\n")
                && resolvConf(machine).contains("search other.lan\n"));
    assertThat(machine.http().dig("many-1")).containsExactly("10.7.0.1");
    assertThat(machine.http().dig("www.example.test")).isNotEmpty();
  }

  private static void examplesOfTheReadmeWork(PlainMachine machine, Product product) {
    for (String example : Examples.of("plugins/per-port-fallback/README.md").in("sh")) {
      machine
          .namespace()
          .enter(Command.of("sh", "-exc", example).env("PATH", Product.path()))
          .run()
          .succeeded();
    }
    assertThat(product.isRunning()).isTrue();
  }

  private static String health(PlainMachine machine) {
    String status = machine.http().get("http://teleproxy/api/status").body();
    for (JsonElement one :
        JsonParser.parseString(status).getAsJsonObject().getAsJsonArray("components")) {
      if (one.getAsJsonObject().get("name").getAsString().equals("listeners")) {
        return one.toString();
      }
    }
    throw new AssertionError("no component 'listeners': " + status);
  }

  private static String addresses(PlainMachine machine) {
    return machine.run("ip -o address show dev lo").out();
  }

  private static String listeners(PlainMachine machine) {
    return sockets(machine, "-l");
  }

  private static String sockets(PlainMachine machine, String which) {
    return machine.run("ss -H -n -t " + which).out();
  }

  private static String resolvConf(PlainMachine machine) {
    return machine.run("cat /etc/resolv.conf").out();
  }

  private static void within(String what, Callable<Boolean> condition) {
    await(what).atMost(PATIENCE).pollInterval(Duration.ofMillis(50)).until(condition);
  }
}
