package io.teleproxy.dist;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The nameserver that a machine had before us: dnsmasq, which knows {@code www.example.test} and
 * records of many kinds below it.
 */
final class Upstream implements AutoCloseable {
  static final String WWW = "192.0.2.80";

  private final Process process;
  private final Path log;

  /**
   * @param addresses at which it answers; they belong to the namespace
   */
  Upstream(Namespace namespace, String... addresses) {
    this(namespace, List.of("--no-resolv", "--address=/www.example.test/" + WWW), addresses);
  }

  private Upstream(Namespace namespace, List<String> behaviour, String... addresses) {
    Requirements.programs("dnsmasq");
    List<String> words =
        new ArrayList<>(
            List.of(
                "dnsmasq",
                "-k",
                "--conf-file=/dev/null",
                "--pid-file=",
                "--no-hosts",
                "--user=root",
                "--bind-interfaces",
                "--txt-record=example.test,v=spf1 -all",
                "--dns-rr=rare.example.test,65400,0102abcd",
                "--mx-host=example.test,mail.example.test,10"));
    for (int i = 0; i < 40; i++) {
      words.add("--txt-record=big.example.test," + i + "-" + "x".repeat(200));
    }
    for (String address : addresses) {
      words.add("--listen-address=" + address);
    }
    words.addAll(behaviour);
    try {
      log = Files.createTempFile("teleproxy-it-dnsmasq-", ".log");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    process = namespace.command(words.toArray(String[]::new)).start(log, log);
    Http http = new Http(namespace);
    await("dnsmasq")
        .atMost(Duration.ofSeconds(30))
        .until(() -> http.dig("www.example.test", "@" + addresses[0]).contains(WWW));
  }

  /** A stub that only asks another one, as systemd-resolved does on 127.0.0.53. */
  static Upstream stub(Namespace namespace, String address, String behind) {
    return new Upstream(
        namespace, List.of("--no-resolv", "--server=" + behind, "--cache-size=0"), address);
  }

  @Override
  public void close() {
    process.destroyForcibly();
    try {
      Files.deleteIfExists(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
