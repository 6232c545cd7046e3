package io.teleproxy.plugin.kubernetes.agent;

import java.util.Collection;
import java.util.Optional;
import java.util.regex.Pattern;

/** Finds an image among those on the nodes that is known to be a Java runtime, 17 or newer. */
final class JavaImages {
  /** By the last part of their names: images of Java and nothing else, in the order of choice. */
  private static final Pattern NAME =
      Pattern.compile(
          "(?:.*/)?(?:eclipse-temurin|amazoncorretto|ibm-semeru-runtimes|sapmachine|openjdk|jre"
              + "|liberica-openjre-[a-z]+|zulu-openjdk|java17-debian12)"
              + ":(?:open-)?(?:17|18|19|2[0-9])(?:[.+_-].*)?");

  private JavaImages() {}

  /** Always the same one of the same images. */
  static Optional<String> choose(Collection<String> names) {
    return names.stream().filter(name -> NAME.matcher(name).matches()).sorted().findFirst();
  }
}
