package io.teleproxy.config;

/** Which parts of teleproxy run in this process. */
public enum Mode {
  /** Everything. */
  ALL,
  /** DNS, firewall, proxy and API; the part that needs root. */
  INTERCEPT,
  /** Watchers and tunnels; the part that needs the user's credentials. */
  BRIDGE
}
