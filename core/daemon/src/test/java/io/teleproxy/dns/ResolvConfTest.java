package io.teleproxy.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResolvConfTest {
  @TempDir Path folder;

  private static InetAddress ip(String literal) {
    return DnsRig.address(literal);
  }

  private NameserverSource source(List<InetSocketAddress> dns, List<InetSocketAddress> fallback) {
    return new NameserverSource(
        folder.resolve("resolv.conf"), folder.resolve("systemd.conf"), dns, fallback);
  }

  @Test
  void readsNameserversSearchAndOptions() {
    ResolvConf conf =
        ResolvConf.parse(
            """
            # a comment
            ; another
            domain old.example.
            nameserver 192.0.2.1
            nameserver\t2001:db8::53 # trailing
            nameserver 192.0.2.1
            nameserver not-an-address
            nameserver
            search corp.example lab.example.
            options timeout:2 attempts:3 rotate ndots:5 edns0
            sortlist 192.0.2.0/24
            """);

    assertThat(conf.nameservers()).containsExactly(ip("192.0.2.1"), ip("2001:db8::53"));
    assertThat(conf.search()).containsExactly("corp.example", "lab.example");
    assertThat(conf.options()).isEqualTo(new Nameservers.Options(Duration.ofSeconds(2), 3, true));
  }

  @Test
  void readsScopesOfLinkLocalNameservers() {
    ResolvConf conf =
        ResolvConf.parse(
            "nameserver fe80::1%lo\nnameserver fe80::2%7\nnameserver fe80::3%no-such-link\n");

    assertThat(conf.nameservers()).hasSize(2);
    assertThat(((Inet6Address) conf.nameservers().get(0)).getScopeId()).isEqualTo(1);
    assertThat(((Inet6Address) conf.nameservers().get(1)).getScopeId()).isEqualTo(7);
  }

  @Test
  void keepsOptionsWithinTheLimitsOfTheResolver() {
    ResolvConf conf = ResolvConf.parse("options timeout:999 attempts:0 timeout:x attempts:\n");

    assertThat(conf.options().timeout()).isEqualTo(Duration.ofSeconds(30));
    assertThat(conf.options().attempts()).isEqualTo(1);
  }

  @Test
  void capturesAndAsksTheNameserversOfTheFile() throws IOException {
    Files.writeString(folder.resolve("resolv.conf"), "nameserver 192.0.2.1\nnameserver ::2\n");
    Files.writeString(folder.resolve("systemd.conf"), "nameserver 192.0.2.9\n");

    Nameservers read = source(List.of(), List.of()).read();

    assertThat(read.captured()).containsExactly(ip("192.0.2.1"), ip("::2"));
    assertThat(read.upstream())
        .containsExactly(
            new InetSocketAddress(ip("192.0.2.1"), 53), new InetSocketAddress(ip("::2"), 53));
  }

  @Test
  void looksBehindTheStubOfSystemdResolved() throws IOException {
    Files.writeString(folder.resolve("resolv.conf"), "nameserver 127.0.0.53\n");
    assertThat(source(List.of(), List.of()).read().upstream())
        .containsExactly(new InetSocketAddress(ip("127.0.0.53"), 53));

    Files.writeString(folder.resolve("systemd.conf"), "nameserver 192.0.2.9\n");
    Nameservers read = source(List.of(), List.of()).read();
    assertThat(read.captured()).containsExactly(ip("127.0.0.53"), ip("192.0.2.9"));
    assertThat(read.upstream()).containsExactly(new InetSocketAddress(ip("192.0.2.9"), 53));
  }

  @Test
  void fallsBackOnLoopbackAsTheResolverDoes() {
    assertThat(source(List.of(), List.of()).read().captured()).containsExactly(ip("127.0.0.1"));
  }

  @Test
  void configurationReplacesWhatTheFileSays() throws IOException {
    Files.writeString(folder.resolve("resolv.conf"), "nameserver 192.0.2.1\n");
    InetSocketAddress fallback = new InetSocketAddress(ip("192.0.2.8"), 53);

    Nameservers dns = source(List.of(new InetSocketAddress(ip("192.0.2.7"), 53)), List.of()).read();
    assertThat(dns.captured()).containsExactly(ip("192.0.2.7"));
    assertThat(dns.upstream()).containsExactly(new InetSocketAddress(ip("192.0.2.7"), 53));

    Nameservers both =
        source(List.of(new InetSocketAddress(ip("192.0.2.7"), 53)), List.of(fallback)).read();
    assertThat(both.captured()).containsExactly(ip("192.0.2.7"));
    assertThat(both.upstream()).containsExactly(fallback);
  }

  @Test
  void aFileThatIsBeingWrittenIsNotBelievedAtOnce() throws IOException {
    Path file = Files.writeString(folder.resolve("resolv.conf"), "nameserver 192.0.2.1\n");
    NameserverSource source = source(List.of(), List.of());
    NameserverChanges changes = new NameserverChanges(source, source.read());
    assertThat(changes.look()).isEmpty();

    Files.writeString(file, "");
    assertThat(changes.look()).isEmpty();
    assertThat(changes.isUnsure()).isTrue();
    Files.writeString(file, "nameserver 192.0.2.3\n");
    assertThat(changes.look()).hasValueSatisfying(now -> captures(now, "192.0.2.3"));
    assertThat(changes.isUnsure()).isFalse();

    Files.delete(file);
    assertThat(changes.look()).isEmpty();
    assertThat(changes.isUnsure()).isTrue();
    assertThat(changes.look()).hasValueSatisfying(now -> captures(now, "127.0.0.1"));
    assertThat(changes.look()).isEmpty();
    assertThat(changes.isUnsure()).isFalse();
  }

  private static void captures(Nameservers now, String address) {
    assertThat(now.captured()).containsExactly(ip(address));
  }
}
