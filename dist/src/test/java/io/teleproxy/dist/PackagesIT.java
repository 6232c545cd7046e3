package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The archives, as somebody gets them. Of the Debian package, {@link ServiceIT} tells. */
class PackagesIT {
  private static final Path TARGET = Product.HOME.getParent();
  private static final Path JAVA = Path.of(System.getProperty("java.home"));

  @Test
  void theArchiveForAnyJavaHoldsARunnableProduct(@TempDir Path folder) throws IOException {
    Path product = unpacked(only("teleproxy-*.tar.gz", "linux"), folder);
    Command.of(product.resolve("bin/teleproxy").toString(), "--version").run().succeeded();
    assertThat(product.resolve("runtime")).doesNotExist();
    assertThat(product.resolve("share/man/man1/teleproxy.1")).isNotEmptyFile();
  }

  /** With any other Java out of sight, and from a folder in which it was not made. */
  @Test
  void theSelfContainedArchiveRunsWhereThereIsNoJava(@TempDir Path folder) throws IOException {
    Path archive = TARGET.resolve(selfContained());
    Requirements.met(Files.exists(archive), "is built on Linux on x86_64 only");
    try (PlainMachine machine = new PlainMachine()) {
      Path product = unpacked(archive, folder);
      Product.User user =
          machine
              .user("linux-nftables")
              .withProduct(product)
              .env("JAVA_HOME", "/nowhere")
              // An archive of classes that does not fit would be an error.
              .env("TELEPROXY_JAVA_OPTS", "-Xshare:on")
              .behind("unshare", "--mount", "sh", "-ec", withoutJava(), "sh");
      assertThat(user.execute("--version").succeeded().out()).contains("teleproxy");
      try (Product demo = user.start("demo")) {
        demo.awaitReady();
        assertThat(machine.http().get("http://hello.demo/").body()).startsWith("Hello");
        assertThat(demo.stop()).as("%s", demo).isZero();
      }
      machine.asBefore();
    }
  }

  private static String withoutJava() {
    StringBuilder script = new StringBuilder();
    for (Path java : List.of(Path.of("/usr/lib/jvm"), JAVA)) {
      script.append("if [ -d ").append(java).append(" ]; then mount -t tmpfs none ");
      script.append(java).append("; fi; ");
    }
    return script + "if java -version 2>/dev/null; then exit 3; fi; exec \"$@\"";
  }

  /** A class of ours that needs another part of the JDK would not be found there. */
  @Test
  void itsJavaHasTheModulesThatOurClassesUse() throws IOException {
    Path runtime = TARGET.resolve("linux-x86_64/teleproxy/runtime");
    Requirements.met(Files.exists(runtime), "is built on Linux on x86_64 only");
    List<String> words =
        new ArrayList<>(
            List.of(
                JAVA.resolve("bin/jdeps").toString(),
                "--ignore-missing-deps",
                "--print-module-deps",
                "--no-recursive"));
    for (String part : List.of("lib", "plugins")) {
      try (Stream<Path> jars = Files.list(Product.HOME.resolve(part))) {
        jars.map(Path::toString).filter(jar -> jar.contains("/teleproxy-")).forEach(words::add);
      }
    }
    String used = Command.of(words.toArray(String[]::new)).run().succeeded().lines().get(0);
    String has =
        Files.readAllLines(runtime.resolve("release")).stream()
            .filter(line -> line.startsWith("MODULES="))
            .findFirst()
            .orElseThrow()
            .replaceAll("MODULES=\"(.*)\"", "$1");
    assertThat(has.split(" ")).contains(used.split(","));
  }

  /** The list says what Maven knows; a build without a network makes none. */
  @Test
  void theListOfPartsNamesEveryLibrary() throws IOException {
    Path list = Product.HOME.resolve("sbom.cdx.json");
    Requirements.met(Files.exists(list), "is not made by an offline build (-o)");
    String text = Files.readString(list);
    try (Stream<Path> jars = Files.list(Product.HOME.resolve("lib"))) {
      for (String jar :
          (Iterable<String>) jars.map(Path::getFileName).map(Path::toString)::iterator) {
        if (jar.endsWith(".jar") && !jar.equals("teleproxy.jar")) {
          assertThat(text).contains("\"" + jar.replaceAll("-[0-9][0-9.]*.*", "") + "\"");
        }
      }
    }
    assertThat(text).contains("netty-tcnative-boringssl-static", "netty-transport-native-epoll");
  }

  private static String selfContained() throws IOException {
    return only("teleproxy-*.tar.gz", "linux")
        .getFileName()
        .toString()
        .replace(".tar.gz", "-linux-x86_64.tar.gz");
  }

  private static Path unpacked(Path archive, Path folder) throws IOException {
    Command.of("tar", "-xzf", archive.toString(), "-C", folder.toString()).run().succeeded();
    try (Stream<Path> roots = Files.list(folder)) {
      return roots.findFirst().orElseThrow();
    }
  }

  /** The one file of that pattern that has not this in its name. */
  static Path only(String pattern, String not) throws IOException {
    List<Path> found = new ArrayList<>();
    try (var files = Files.newDirectoryStream(TARGET, pattern)) {
      files.forEach(
          file -> {
            if (!file.getFileName().toString().contains(not)) {
              found.add(file);
            }
          });
    }
    assertThat(found).hasSize(1);
    return found.get(0);
  }
}
