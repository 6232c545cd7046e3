package io.teleproxy.plugin.docker;

import java.net.InetAddress;
import java.util.List;

/**
 * What matters of a running container.
 *
 * @param id as the engine has it, 64 hexadecimal digits
 * @param name without the slash that the API puts before it
 * @param service of its Compose project; empty if it is of none
 * @param project that Compose has made it for; empty if none
 * @param networkMode {@code host}, {@code none}, {@code container:ID}, or a network's name
 * @param networks that it is attached to
 * @param published addresses of the machine at which ports of it are published
 */
record ContainerView(
    String id,
    String name,
    String service,
    String project,
    String networkMode,
    List<Attachment> networks,
    List<InetAddress> published) {
  /** The mode of a container that has the network of another. */
  private static final String OF_ANOTHER = "container:";

  ContainerView {
    networks = List.copyOf(networks);
    published = List.copyOf(published);
  }

  /**
   * A container in a network.
   *
   * @param network its name
   * @param aliases other names of the container there; the engine's own DNS answers to them
   * @param addresses of the container there: one, or one of each family
   */
  record Attachment(String network, List<String> aliases, List<InetAddress> addresses) {
    Attachment {
      aliases = List.copyOf(aliases);
      addresses = List.copyOf(addresses);
    }
  }

  /** Whether it has no network of its own, but the machine's. */
  boolean onHost() {
    return networkMode.equals("host");
  }

  /** The container whose network it has; empty if it has one of its own. */
  String other() {
    return networkMode.startsWith(OF_ANOTHER) ? networkMode.substring(OF_ANOTHER.length()) : "";
  }
}
