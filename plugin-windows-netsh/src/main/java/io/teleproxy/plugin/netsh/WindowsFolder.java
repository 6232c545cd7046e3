package io.teleproxy.plugin.netsh;

import io.teleproxy.spi.Environment;

/**
 * Where the system's own programs lie. They are called by their full path: what PATH leads to may
 * be somebody else's.
 *
 * @param root {@code C:\Windows}
 */
record WindowsFolder(String root) {
  static WindowsFolder of(Environment environment) {
    return new WindowsFolder(environment.variables().getOrDefault("SystemRoot", "C:\\Windows"));
  }

  String program(String file) {
    return root + "\\System32\\" + file;
  }

  String powershell() {
    return root + "\\System32\\WindowsPowerShell\\v1.0\\powershell.exe";
  }
}
