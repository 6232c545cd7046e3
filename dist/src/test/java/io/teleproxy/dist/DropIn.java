package io.teleproxy.dist;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Builds plugins as a stranger would: with a JDK and the jars of the packaged product. */
final class DropIn {
  private static final Path SOURCES = Path.of("src/test/drop-in").toAbsolutePath();

  private DropIn() {}

  /**
   * Compiles a source file of src/test/drop-in against the product's SPI and packs it.
   *
   * @param manifest lines of the jar's manifest
   */
  static void build(String source, Path jar, String... manifest) {
    try {
      Path work = Files.createTempDirectory("teleproxy-it-plugin-");
      try {
        Path classes = Files.createDirectory(work.resolve("classes"));
        Path attributes = Files.write(work.resolve("MANIFEST.MF"), List.of(manifest));
        Command.of(
                tool("javac"),
                "--release",
                "17",
                "-classpath",
                library("teleproxy-spi-") + ":" + library("pf4j-") + ":" + library("slf4j-api-"),
                "-processor",
                "org.pf4j.processor.ExtensionAnnotationProcessor",
                "-d",
                classes.toString(),
                SOURCES.resolve(source).toString())
            .run()
            .succeeded();
        Files.createDirectories(jar.getParent());
        Command.of(
                tool("jar"),
                "--create",
                "--file",
                jar.toString(),
                "--manifest",
                attributes.toString(),
                "-C",
                classes.toString(),
                ".")
            .run()
            .succeeded();
      } finally {
        Command.of("rm", "-rf", work.toString()).run().succeeded();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String tool(String name) {
    return Path.of(System.getProperty("java.home"), "bin", name).toString();
  }

  private static Path library(String prefix) throws IOException {
    try (Stream<Path> jars = Files.list(Product.HOME.resolve("lib"))) {
      return jars.filter(jar -> jar.getFileName().toString().startsWith(prefix))
          .findFirst()
          .orElseThrow();
    }
  }
}
