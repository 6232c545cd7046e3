package io.teleproxy.plugin.kubernetes.follow;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;

/**
 * By what changed files are recognized, also those that were replaced by rename or lie behind
 * symbolic links. Two stamps of unchanged files are equal.
 */
record FileStamps(List<String> stamps) {
  static FileStamps of(List<Path> files) {
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
    return new FileStamps(List.copyOf(stamps));
  }
}
