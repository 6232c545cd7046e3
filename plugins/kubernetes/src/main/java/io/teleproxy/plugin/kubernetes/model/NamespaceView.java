package io.teleproxy.plugin.kubernetes.model;

/** A Namespace: its name exists in the cluster's DNS, also while nothing is in it. */
public record NamespaceView(String name) {
  public static final Fields FIELDS = Fields.of("metadata.name");

  public static NamespaceView of(Json namespace) {
    return new NamespaceView(namespace.object("metadata").text("name"));
  }
}
