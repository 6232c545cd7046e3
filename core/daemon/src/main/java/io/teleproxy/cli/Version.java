package io.teleproxy.cli;

import picocli.CommandLine.IVersionProvider;

/** What {@code --version} says. */
final class Version implements IVersionProvider {
  @Override
  public String[] getVersion() {
    String implementation = Version.class.getPackage().getImplementationVersion();
    return new String[] {
      "teleproxy "
          + (implementation == null ? "(development)" : implementation)
          + " (Java "
          + System.getProperty("java.version")
          + ", "
          + System.getProperty("os.name")
          + " "
          + System.getProperty("os.arch")
          + ")"
    };
  }
}
