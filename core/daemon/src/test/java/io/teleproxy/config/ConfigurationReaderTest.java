package io.teleproxy.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.teleproxy.spi.Settings;
import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigurationReaderTest {
  @TempDir Path temporary;
  private Path system;
  private Path user;
  private HostEnvironment environment;

  @BeforeEach
  void home() throws IOException {
    system = temporary.resolve("etc/teleproxy.conf");
    user = temporary.resolve("home/.config/teleproxy/teleproxy.conf");
    Files.createDirectories(system.getParent());
    Files.createDirectories(user.getParent());
    environment =
        HostEnvironment.of(
            "linux",
            1000,
            Map.of("HOME", temporary.resolve("home").toString()),
            new Accounts(temporary.resolve("passwd")));
  }

  private Configuration read(Flags flags) {
    return ConfigurationReader.read(system, flags, environment);
  }

  private String[] problems(Flags flags) {
    UserException e = catchThrowableOfType(UserException.class, () -> read(flags));
    assertThat(e).as("an exception").isNotNull();
    return e.getMessage().lines().map(String::strip).toArray(String[]::new);
  }

  @Test
  void hasDefaultsForEverything() {
    Configuration configuration = read(new Flags());
    assertThat(configuration.mode()).isEqualTo(Mode.ALL);
    assertThat(configuration.nameservers()).isEmpty();
    assertThat(configuration.fallback()).isEmpty();
    assertThat(configuration.dnsTtl()).isEqualTo(Duration.ofSeconds(5));
    assertThat(configuration.apiPort()).isZero();
    assertThat(configuration.pluginFolders())
        .containsExactly(Path.of("/etc/teleproxy/plugins"), user.resolveSibling("plugins"));
    assertThat(configuration.disabledPlugins()).isEmpty();
    assertThat(configuration.interceptGid()).isEqualTo(1952803941L);
    assertThat(configuration.logLevel()).isEqualTo(LogLevel.INFO);
  }

  @Test
  void theUserWinsOverTheSystemAndFlagsOverBoth() throws IOException {
    Files.writeString(system, "dns.ttl = 1 s, api.port = 1001, mode = bridge");
    Files.writeString(user, "api.port = 1002, mode = intercept");
    Configuration configuration = read(new Flags().set("mode", "--mode", "all"));
    assertThat(configuration.dnsTtl()).isEqualTo(Duration.ofSeconds(1));
    assertThat(configuration.apiPort()).isEqualTo(1002);
    assertThat(configuration.mode()).isEqualTo(Mode.ALL);
  }

  @Test
  void anotherFileReplacesTheUsersButNotTheSystems() throws IOException {
    Files.writeString(system, "dns.ttl = 1 s");
    Files.writeString(user, "api.port = 1002");
    Path other = Files.writeString(temporary.resolve("other.conf"), "log.level = debug");
    Configuration configuration = read(new Flags().file(other));
    assertThat(configuration.dnsTtl()).isEqualTo(Duration.ofSeconds(1));
    assertThat(configuration.apiPort()).isZero();
    assertThat(configuration.logLevel()).isEqualTo(LogLevel.DEBUG);
  }

  @Test
  void readsNameservers() {
    Configuration configuration =
        read(
            new Flags()
                .set("dns.nameservers", "--dns", List.of("192.0.2.1", "192.0.2.2:5353"))
                .set("dns.fallback", "--fallback", List.of("2001:db8::1", "[::1]:5353")));
    assertThat(configuration.nameservers())
        .containsExactly(
            new InetSocketAddress("192.0.2.1", 53), new InetSocketAddress("192.0.2.2", 5353));
    assertThat(configuration.fallback())
        .containsExactly(
            new InetSocketAddress("2001:db8::1", 53), new InetSocketAddress("::1", 5353));
  }

  @Test
  void neverAsksANameserverForANameserver() {
    assertThat(problems(new Flags().set("dns.nameservers", "--dns", List.of("localhost", "1.2.3"))))
        .containsExactly(
            "the configuration has 2 problems:",
            "--dns: dns.nameservers: 'localhost' (expected: an IP address as in 192.0.2.1,"
                + " 192.0.2.1:53 or [2001:db8::1]:53)",
            "--dns: dns.nameservers: '1.2.3' (expected: an IP address as in 192.0.2.1,"
                + " 192.0.2.1:53 or [2001:db8::1]:53)");
  }

  @Test
  void tellsAllProblemsAtOnceWithTheirPlaces() throws IOException {
    Files.writeString(
        system, "api.port = 70000\ndns {\n  ttl = soon\n  nameserver = 192.0.2.1\n}\n");
    Files.writeString(
        user, "mode = some\nlog = loud\nintercept { gid = -1 }\nplugins { docker = yes }\n");
    assertThat(problems(new Flags().file(temporary.resolve("missing.conf"))))
        .containsExactlyInAnyOrder(
            "the configuration has 4 problems:",
            "--config: "
                + temporary
                + "/missing.conf does not exist (expected: a configuration file)",
            system + ":1: api.port: '70000' (expected: 0-65535)",
            system + ":3: dns.ttl: 'soon' (expected: a duration from 0 s to 1 d, as in 5 s)",
            system
                + ":4: dns.nameserver: unknown setting (expected: excluded, fallback,"
                + " included, nameservers, public, ttl)");
    assertThat(problems(new Flags()))
        .contains(
            user + ":1: mode: 'some' (expected: one of all, intercept, bridge)",
            user + ":2: log: 'loud' (expected: a section { … })",
            user + ":3: intercept.gid: '-1' (expected: 1-4294967294)",
            user + ":4: plugins.docker: 'yes' (expected: a section { … })")
        .contains(system + ":1: api.port: '70000' (expected: 0-65535)");
  }

  @Test
  void readsDomains() throws IOException {
    Files.writeString(
        user, "dns { excluded = [ Corp.Example., _x.y ], public = [ com, \"*.net\" ] }");
    assertThat(problems(new Flags()))
        .containsExactly(
            user
                + ":1: dns.public: '*.net' (expected: a domain as in com or corp.example, without"
                + " wildcards)");
    Files.writeString(user, "dns { excluded = [ Corp.Example., _x.y ] }");
    assertThat(read(new Flags()).dnsExclude()).containsExactly("corp.example", "_x.y");
    assertThat(read(new Flags()).dnsPublic()).contains("com", "org");
    assertThat(read(new Flags()).dnsInclude()).isEmpty();
  }

  @Test
  void tellsWhereTheSyntaxIsBrokenInEachFile() throws IOException {
    Files.writeString(system, "mode = all\ndns {\n");
    Files.writeString(user, "a = = b");
    assertThat(problems(new Flags()))
        .hasSize(3)
        .anyMatch(line -> line.startsWith(system + ":3: "))
        .anyMatch(line -> line.startsWith(user + ":1: "));
  }

  @Test
  void tellsOfASubstitutionThatLeadsNowhere() throws IOException {
    Files.writeString(user, "\ndns.ttl = ${there.is.none}");
    assertThat(problems(new Flags()))
        .singleElement()
        .asString()
        .startsWith(user + ":2: ")
        .contains("there.is.none");
  }

  @Test
  void aSettingOfNullIsAProblemNotAFault() throws IOException {
    Files.writeString(user, "api.port = null, dns.ttl = null, mode = null");
    assertThat(problems(new Flags()))
        .contains("api.port: null (expected: 0-65535)")
        .anyMatch(line -> line.startsWith("dns.ttl: null"));
  }

  @Test
  void pluginFoldersAreRelativeToTheirFileAndMustExist() throws IOException {
    Path beside = Files.createDirectories(user.resolveSibling("mine"));
    Path atHome = Files.createDirectories(temporary.resolve("home/p"));
    Files.writeString(user, "plugin-folders = [ mine, ~/p ]");
    assertThat(read(new Flags()).pluginFolders()).containsExactly(beside, atHome);

    Files.writeString(user, "plugin-folders = [ nowhere ]");
    assertThat(problems(new Flags()))
        .containsExactly(user + ":1: plugin-folders: 'nowhere' (expected: an existing folder)");
  }

  @Test
  void pluginsGetTheirSections() throws IOException {
    Files.writeString(
        user,
        "plugins {\n  kubernetes {\n    context = a\n    deep.list = [x, y]\n    wait = 300 ms\n"
            + "    on = true\n    count = many\n  }\n}");
    Configuration configuration =
        read(new Flags().set("plugins.kubernetes.context", "--context", "b"));
    Settings settings = configuration.settings("kubernetes");
    assertThat(settings.string("context")).contains("b");
    assertThat(settings.strings("deep.list")).containsExactly("x", "y");
    assertThat(settings.duration("wait")).contains(Duration.ofMillis(300));
    assertThat(settings.bool("on", false)).isTrue();
    assertThat(settings.integer("missing", 7)).isEqualTo(7);
    assertThat(settings.strings("missing")).isEmpty();
    assertThat(configuration.settings("unheard-of").string("x")).isEmpty();

    UserException e = catchThrowableOfType(UserException.class, () -> settings.integer("count"));
    assertThat(e)
        .hasMessage(user + ":7: plugins.kubernetes.count: 'many' (expected: a whole number)");
  }
}
