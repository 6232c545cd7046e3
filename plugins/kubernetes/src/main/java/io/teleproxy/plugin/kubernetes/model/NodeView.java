package io.teleproxy.plugin.kubernetes.model;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/** A Node: its addresses are never intercepted. */
public record NodeView(String name, List<InetAddress> addresses) {
  public static final Fields FIELDS =
      Fields.of("metadata.name", "status.addresses.type", "status.addresses.address");

  public static NodeView of(Json node) {
    List<String> texts = new ArrayList<>();
    for (Json address : node.object("status").objects("addresses")) {
      texts.add(address.text("address"));
    }
    return new NodeView(node.object("metadata").text("name"), Addresses.parse(texts));
  }
}
