package io.teleproxy.spi;

import java.util.Locale;

/**
 * Why a component is not well: all that is known to happen, each with a section of
 * docs/troubleshooting.md that says how it shows and what to do.
 */
public enum Cause {
  /** All is well, or on its way. */
  NONE,
  /** Nothing that is known; the reason is all there is. */
  UNKNOWN,
  API_SERVER_UNREACHABLE,
  API_SERVER_UNTRUSTED,
  CAPTIVE_PORTAL,
  CREDENTIALS_REFUSED,
  PERMISSION_MISSING,
  KUBECONFIG_BROKEN,
  AGENT_UNAVAILABLE,
  AGENT_IMAGE_MISSING,
  FIREWALL_REFUSED,
  NO_WAY_FOR_UDP,
  PORT_TAKEN,
  RESOLVER_NOT_TOLD,
  NAMESERVERS_SILENT,
  NO_DEFAULT_ROUTE,
  BRIDGE_GONE,
  ROOT_PART_GONE,
  SSH_SERVER_UNREACHABLE,
  SSH_HOST_KEY_REFUSED,
  SSH_LOGIN_REFUSED,
  CONTAINER_ENGINE_FORBIDDEN,
  PLUGIN_BROKEN,
  TOO_MANY_OPEN_FILES;

  /** As it stands in JSON: {@code api-server-unreachable}. */
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Where it is documented; empty where there is nothing to document. */
  public String anchor() {
    return this == NONE ? "" : "docs/troubleshooting.md#" + id();
  }

  /** The cause of this id; {@link #UNKNOWN} for one that only a newer version knows. */
  public static Cause of(String id) {
    for (Cause cause : values()) {
      if (cause.id().equals(id)) {
        return cause;
      }
    }
    return UNKNOWN;
  }
}
