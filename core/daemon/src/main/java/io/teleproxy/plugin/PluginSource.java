package io.teleproxy.plugin;

/** Where a plugin comes from; the first source that has an id wins. */
public enum PluginSource {
  /** On the application's class path, started fastest, not isolated. */
  BUILT_IN("built-in"),
  /** In the product's plugins folder. */
  BUNDLED("bundled"),
  /** In a folder of the user or the machine's administrator. */
  DROP_IN("drop-in");

  private final String text;

  PluginSource(String text) {
    this.text = text;
  }

  @Override
  public String toString() {
    return text;
  }
}
