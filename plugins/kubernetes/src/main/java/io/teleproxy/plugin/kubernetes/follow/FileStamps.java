package io.teleproxy.plugin.kubernetes.follow;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;

/**
 * By what changed files are recognized, also those that were replaced by rename or lie behind
 * symbolic links.
 */
final class FileStamps {
  private FileStamps() {}

  /** One for each file; those of unchanged files are equal. */
  static List<String> of(List<Path> files) {
    List<String> stamps = new ArrayList<>();
    for (Path file : files) {
      try {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        stamps.add(
            attributes.fileKey()
                + " "
                + attributes.size()
                + " "
                + attributes.lastModifiedTime().toInstant());
      } catch (IOException e) {
        stamps.add("not there");
      }
    }
    return List.copyOf(stamps);
  }
}
