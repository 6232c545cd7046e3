package io.teleproxy.plugin.kubernetes.agent;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The agent's classes as jars that each fit into a config map. They are cut along classes, so that
 * the class path puts them together again and nothing in the pod has to.
 *
 * @param jars in order; equal for equal programs
 * @param hash of their content, in 16 hexadecimal digits
 */
record AgentProgram(List<byte[]> jars, String hash) {
  /** Beside this class in the plugin's jar; packaging puts it there. */
  private static final String RESOURCE = "teleproxy-kubernetes-agent.jar";

  /** A config map may hold 1 MiB in all. */
  private static final int MAX_BYTES = 1_000_000;

  /** Reads and cuts the program that came with the plugin. */
  static AgentProgram load() {
    try (InputStream in = AgentProgram.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("the plugin's jar does not hold " + RESOURCE);
      }
      List<byte[]> jars = cut(in);
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      jars.forEach(digest::update);
      return new AgentProgram(jars, HexFormat.of().formatHex(digest.digest()).substring(0, 16));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
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
