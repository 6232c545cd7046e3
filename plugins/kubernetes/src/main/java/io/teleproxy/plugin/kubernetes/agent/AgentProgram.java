package io.teleproxy.plugin.kubernetes.agent;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.ref.WeakReference;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Supplier;
import java.util.jar.JarEntry;
import java.util.jar.JarInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The agent's classes as jars that each fit into a config map. They are cut along classes, so that
 * the class path puts them together again and nothing in the pod has to. The jars themselves are
 * needed for the minute in which an agent is made, and made anew for another.
 */
final class AgentProgram {
  /** Beside this class in the plugin's jar; packaging puts it there. */
  private static final String RESOURCE = "teleproxy-kubernetes-agent.jar";

  /** A config map may hold 1 MiB in all. */
  private static final int MAX_BYTES = 1_000_000;

  private final Supplier<List<byte[]>> source;
  private final String hash;
  private final int count;
  private WeakReference<List<byte[]>> jars;

  /**
   * Asks the source for the jars, whenever it must, which are equal each time.
   *
   * @param source of the jars, in order
   */
  AgentProgram(Supplier<List<byte[]>> source) {
    this.source = source;
    List<byte[]> made = source.get();
    this.hash = hash(made);
    this.count = made.size();
    this.jars = new WeakReference<>(made);
  }

  /** The program that came with the plugin. */
  static AgentProgram load() {
    return new AgentProgram(AgentProgram::cut);
  }

  /** How many jars there are. */
  int count() {
    return count;
  }

  /** Of the jars' content, in 16 hexadecimal digits; equal for equal programs. */
  String hash() {
    return hash;
  }

  /** The jars; who needs several keeps the list meanwhile. */
  List<byte[]> jars() {
    List<byte[]> made = jars.get();
    if (made == null) {
      made = source.get();
      jars = new WeakReference<>(made);
    }
    return made;
  }

  private static String hash(List<byte[]> jars) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      jars.forEach(digest::update);
      return HexFormat.of().formatHex(digest.digest()).substring(0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private static List<byte[]> cut() {
    try (InputStream in = AgentProgram.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("the plugin's jar does not hold " + RESOURCE);
      }
      return cut(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<byte[]> cut(InputStream in) throws IOException {
    List<byte[]> jars = new ArrayList<>();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ZipOutputStream jar = new ZipOutputStream(bytes);
    int entries = 0;
    try (JarInputStream whole = new JarInputStream(in)) {
      for (JarEntry entry = whole.getNextJarEntry(); entry != null; ) {
        byte[] content = whole.readAllBytes();
        if (!entry.isDirectory()) {
          // Compressed it is smaller; names are written twice, and each entry has two headers.
          jar.flush();
          int most = content.length + 2 * entry.getName().length() + 200;
          if (bytes.size() + entries * 150 + most > MAX_BYTES) {
            jar.close();
            jars.add(bytes.toByteArray());
            bytes = new ByteArrayOutputStream();
            jar = new ZipOutputStream(bytes);
            entries = 0;
          }
          ZipEntry copy = new ZipEntry(entry.getName());
          // A fixed time makes equal bytes of equal classes.
          copy.setTime(0);
          jar.putNextEntry(copy);
          jar.write(content);
          jar.closeEntry();
          entries++;
        }
        entry = whole.getNextJarEntry();
      }
    }
    jar.close();
    jars.add(bytes.toByteArray());
    return jars;
  }
}
