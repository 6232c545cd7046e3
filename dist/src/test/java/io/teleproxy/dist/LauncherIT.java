package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The start script and the folder that it starts from. */
class LauncherIT {
  @Test
  void startsThroughSymbolicLinksFromAnywhere(@TempDir Path folder) throws IOException {
    Path chained = folder.resolve("chained");
    Path direct = Files.createSymbolicLink(folder.resolve("direct"), Product.LAUNCHER);
    Files.createSymbolicLink(chained, Path.of("direct"));
    try {
      Command.Result result = Command.of(chained.toString(), "--version").run().succeeded();
      assertThat(result.out()).contains("teleproxy");
      assertThat(result.err()).isEmpty();
    } finally {
      Files.delete(direct);
    }
  }

  @Test
  void aMissingJavaIsNamed() {
    Command.Result result =
        Command.of(Product.LAUNCHER.toString(), "--version")
            .env("JAVA_HOME", "")
            .env("PATH", "/nowhere")
            .run();

    assertThat(result.exit()).isEqualTo(2);
    assertThat(result.err()).contains("no Java found", "Java 17");
  }

  @Test
  void aWrongJavaHomeIsNamed() {
    Command.Result result =
        Command.of(Product.LAUNCHER.toString(), "--version").env("JAVA_HOME", "/nowhere").run();

    assertThat(result.exit()).isEqualTo(2);
    assertThat(result.err()).contains("JAVA_HOME", "/nowhere/bin/java");
  }

  @Test
  void anOldJavaIsRefused(@TempDir Path old) throws IOException {
    Path bin = Files.createDirectory(old.resolve("bin"));
    Path java = bin.resolve("java");
    Files.writeString(java, "#!/bin/sh\nexit 1\n");
    assertThat(java.toFile().setExecutable(true)).isTrue();
    Files.writeString(old.resolve("release"), "JAVA_VERSION=\"11.0.22\"\n");

    Command.Result result =
        Command.of(Product.LAUNCHER.toString(), "--version").env("JAVA_HOME", old.toString()).run();

    assertThat(result.exit()).isEqualTo(2);
    assertThat(result.err()).contains("is Java 11.0.22", "Java 17");
  }

  @Test
  void aStartIsDrawnOnTerminalsOnlyAndInColourUnlessThatIsUnwanted(@TempDir Path java)
      throws IOException {
    Path bin = Files.createDirectory(java.resolve("bin"));
    Files.writeString(bin.resolve("java"), "#!/bin/sh\necho \"$@\"\n");
    assertThat(bin.resolve("java").toFile().setExecutable(true)).isTrue();
    Files.writeString(java.resolve("release"), "JAVA_VERSION=\"17.0.15\"\n");
    Command run =
        Command.of("sh", "-c", "exec \"$@\" 2>&1", "sh", Product.LAUNCHER.toString(), "run")
            .env("JAVA_HOME", java.toString())
            .env("TERM", "xterm");
    Command onTerminal =
        Command.of("script", "-qec", Product.LAUNCHER + " run", "/dev/null").env(run.environment());

    assertThat(onTerminal.env("NO_COLOR", "").run().out()).contains("-Dteleproxy.progress=colour");
    assertThat(onTerminal.env("NO_COLOR", "1").run().out()).contains("-Dteleproxy.progress=plain");
    assertThat(onTerminal.env("TERM", "dumb").run().out()).doesNotContain("teleproxy.progress");
    assertThat(run.run().out()).contains("Main run").doesNotContain("teleproxy.progress");
  }

  @Test
  void aClassDataArchiveIsPartOfTheProduct() {
    assertThat(Product.HOME.resolve("lib/teleproxy.jsa")).isNotEmptyFile();
  }

  @Test
  void theVirtualMachineSaysNothingEvenIfTheArchiveIsOfAnother(@TempDir Path folder)
      throws IOException {
    Command.of("cp", "-a", Product.HOME.toString(), folder.toString()).run().succeeded();
    Path copy = folder.resolve(Product.HOME.getFileName());
    Files.delete(copy.resolve("lib/teleproxy.jsa"));
    Files.writeString(copy.resolve("lib/teleproxy.jsa"), "not an archive");

    Command.Result result =
        Command.of(copy.resolve("bin/teleproxy").toString(), "plugins", "list", "--json")
            .run()
            .succeeded();
    assertThat(result.out()).startsWith("[").contains(copy.toString()).doesNotContain("/proc/self");
    assertThat(result.err()).isEmpty();
  }

  @Test
  void anArchiveThatIsOfAnotherJavaIsMadeAnewWhileItRuns() throws IOException {
    try (PlainMachine machine = new PlainMachine();
        Product.User user = machine.user("linux-nftables").withProductOfHisOwn()) {
      Path lib = user.home().resolve("product/lib");
      Path build = lib.resolve("teleproxy.jsa.java");
      String ours = Files.readString(build);
      Files.writeString(build, "another build\n");
      Files.writeString(lib.resolve("teleproxy.jsa"), "not an archive");
      try (Product product = user.start("run", "--mode", "intercept")) {
        product.awaitReady();
        await().atMost(Duration.ofMinutes(2)).until(() -> Files.readString(build).equals(ours));
        assertThat(lib.resolve("teleproxy.jsa.new")).doesNotExist();
        assertThat(product.stop()).isZero();
        user.env("TELEPROXY_JAVA_OPTS", "-Xshare:on");
        assertThat(user.execute("run", "--config", "/nowhere").err())
            .as("an archive that fits")
            .contains("--config: /nowhere does not exist");
      }
      machine.asBefore();
    }
  }

  @Test
  void aFolderThatTheUserCannotReadIsNamed(@TempDir Path folder) throws IOException {
    Requirements.privileged();
    Command.of("cp", "-a", Product.HOME.toString(), folder.toString()).run().succeeded();
    Path copy = folder.resolve(Product.HOME.getFileName());
    Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("rwx------"));

    Command.Result result =
        Command.of(copy.resolve("bin/teleproxy").toString(), "run", "--user", "65534").run();

    assertThat(result.exit()).isEqualTo(2);
    assertThat(result.err()).contains("65534 cannot read " + copy, "--user");
  }

  @Test
  void nothingIsWrittenToTemporaryFolders() {
    Requirements.privileged();
    String readOnly = "mount --bind -o ro /tmp /tmp && exec \"$@\"";
    Command.Result result =
        Command.of(Product.LAUNCHER.toString(), "plugins", "list")
            .behind(List.of("unshare", "--mount", "sh", "-c", readOnly, "sh"))
            .run()
            .succeeded();
    assertThat(result.err()).isEmpty();
  }

  @Test
  void theChecksumsOfBundledPluginsAreThoseOfTheJars() throws IOException {
    Path plugins = Product.HOME.resolve("plugins");
    Command.of("sh", "-c", "cd \"$0\" && sha256sum --check --strict SHA256SUMS", plugins.toString())
        .run()
        .succeeded();
    try (Stream<Path> jars = Files.list(plugins)) {
      assertThat(Files.readAllLines(plugins.resolve("SHA256SUMS")))
          .hasSize((int) jars.filter(jar -> jar.toString().endsWith(".jar")).count());
    }
  }

  /** Nobody runs it here; what can be said of it without Windows. */
  @Test
  void theLauncherForWindowsSetsTheSamePropertiesAndLimits() throws IOException {
    String windows = Files.readString(Product.HOME.resolve("bin/teleproxy.cmd"));
    String unix = Files.readString(Product.LAUNCHER);
    assertThat(windows.lines().toList()).hasSizeGreaterThan(10);
    assertThat(windows.replace("\r\n", "")).doesNotContain("\n", "\r");
    assertThat(Product.HOME.resolve("lib/teleproxy.jar")).exists();

    String launch = unix.split("launch\\(\\)")[1].split("\n}")[0];
    Matcher option = Pattern.compile("\\s-(D|Xm|Xs|Xlog)[A-Za-z0-9.:+=*-]+").matcher(launch);
    int options = 0;
    while (option.find()) {
      options++;
      assertThat(windows).contains(option.group().strip());
    }
    assertThat(options).isGreaterThan(8);
    assertThat(windows)
        .contains("-Dteleproxy.home=", "\\lib\\teleproxy.jar", "io.teleproxy.cli.Main %*")
        .endsWith("exit /b %ERRORLEVEL%\r\n");
  }

  @Test
  void theServiceManagersUnitIsValidAndAllowsWhatTheLauncherAllows(@TempDir Path folder)
      throws IOException {
    Requirements.privileged();
    Requirements.programs("systemd-analyze");
    String unit = Files.readString(Product.HOME.resolve("systemd/teleproxy@.service"));
    Path copy =
        Files.writeString(
            folder.resolve("teleproxy@ada.service"),
            unit.replace("/opt/teleproxy/bin/teleproxy", Product.LAUNCHER.toString()));
    Command.Result verified =
        Command.of("systemd-analyze", "verify", "--man=no", copy.toString()).run().succeeded();
    assertThat(verified.err()).isEmpty();

    Matcher launcher =
        Pattern.compile("capabilities=-all,(.*)").matcher(Files.readString(Product.LAUNCHER));
    assertThat(launcher.find()).isTrue();
    assertThat(unit.lines().filter(line -> line.startsWith("CapabilityBoundingSet=")))
        .singleElement()
        .satisfies(
            line -> {
              for (String capability : launcher.group(1).split(",")) {
                assertThat(line)
                    .contains("CAP_" + capability.substring(1).toUpperCase(Locale.ROOT));
              }
            });
  }
}
