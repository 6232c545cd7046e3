package io.teleproxy.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The proxy behind real REDIRECT rules, in a network namespace made for it. */
@Tag("privileged")
@Timeout(120)
class RedirectedByFirewallTest {
  private final String namespace = "tp-proxy-" + ProcessHandle.current().pid();

  @BeforeEach
  void makeNamespace() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
    assumeTrue(onPath("ip") && onPath("iptables"), "needs iproute2 and iptables");
    run("ip", "netns", "add", namespace);
    inside("ip", "link", "set", "lo", "up");
    // 127.0.0.1 is no source for addresses beyond the host: without another one it is 0.0.0.0.
    inside("ip", "address", "add", "192.0.2.7/32", "dev", "lo");
    inside("ip", "route", "add", "10.1.2.0/24", "dev", "lo", "src", "192.0.2.7");
    inside("ip", "-6", "route", "add", "fd00::/64", "dev", "lo");
    for (String family : List.of("iptables", "ip6tables")) {
      inside(
          family,
          "-t",
          "nat",
          "-A",
          "OUTPUT",
          "-p",
          "tcp",
          "-d",
          family.equals("iptables") ? "10.1.2.0/24" : "fd00::/64",
          "-j",
          "REDIRECT",
          "--to-ports",
          Integer.toString(RedirectedByFirewall.PORT));
    }
  }

  @AfterEach
  void removeNamespace() throws Exception {
    if (Files.exists(Path.of("/run/netns", namespace))) {
      run("ip", "netns", "del", namespace);
    }
  }

  @Test
  void carriesBothFamiliesAndProtocolsToTheirDestinationsAndIsNoOpenProxy() throws Exception {
    String output =
        inside(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            RedirectedByFirewall.class.getName());
    assertThat(output.lines())
        .contains(
            "10.1.2.3: echo",
            "fd00::3: echo",
            "10.1.2.4: Connection reset",
            "127.0.0.1: Connection reset",
            "::1: Connection reset",
            "10.1.2.3 udp: echo",
            "fd00:0:0:0:0:0:0:3 udp: echo");
  }

  private String inside(String... command) throws Exception {
    List<String> all = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + namespace));
    all.addAll(List.of(command));
    return run(all.toArray(String[]::new));
  }

  private static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(() -> String.join(" ", command) + "\n" + output).isZero();
    return output;
  }

  private static boolean onPath(String program) throws IOException {
    for (String folder : (System.getenv("PATH") + ":/usr/sbin:/sbin").split(":")) {
      if (Files.isExecutable(Path.of(folder, program))) {
        return true;
      }
    }
    return false;
  }
}
