package io.teleproxy.plugin.nftables;

import java.io.IOException;

/** A namespace whose rules can be looked at. */
final class Namespace extends io.teleproxy.testkit.Namespace {
  Namespace() throws IOException {}

  /** The whole ruleset, elements and all. */
  String ruleset() throws IOException {
    return run("nft list ruleset");
  }
}
