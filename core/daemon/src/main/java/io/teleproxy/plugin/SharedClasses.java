package io.teleproxy.plugin;

import java.io.IOException;
import java.net.URL;
import java.util.Enumeration;

/**
 * What an isolated plugin sees beyond its own jar: the JDK, and of ours the SPI, pf4j, slf4j and
 * JNA, nothing else. Resources of ours are not seen at all. JNA is shared because a virtual machine
 * loads its native library once only, for one class loader.
 */
final class SharedClasses extends ClassLoader {
  static {
    ClassLoader.registerAsParallelCapable();
  }

  private final ClassLoader ours;

  SharedClasses(ClassLoader ours) {
    super("shared-with-plugins", ClassLoader.getPlatformClassLoader());
    this.ours = ours;
  }

  static boolean isShared(String className) {
    return className.startsWith("io.teleproxy.spi.")
        || className.startsWith("org.pf4j.")
        || className.startsWith("org.slf4j.")
        || className.startsWith("com.sun.jna.");
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    return isShared(name) ? ours.loadClass(name) : super.loadClass(name, resolve);
  }

  @Override
  public URL getResource(String name) {
    return ClassLoader.getPlatformClassLoader().getResource(name);
  }

  @Override
  public Enumeration<URL> getResources(String name) throws IOException {
    return ClassLoader.getPlatformClassLoader().getResources(name);
  }
}
