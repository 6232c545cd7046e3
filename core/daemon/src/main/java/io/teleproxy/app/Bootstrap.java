package io.teleproxy.app;

import io.teleproxy.config.ApiPlace;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import java.net.InetSocketAddress;
import java.util.List;

/** The table of teleproxy's own names: {@code http://teleproxy} is the API. */
final class Bootstrap {
  static final String TABLE = "bootstrap";

  static final String NAME = "teleproxy";

  /** Loopback, so that it needs no route; far from what others use of 127.0.0.0/8. */
  static final InetSocketAddress API = new InetSocketAddress(ApiPlace.ADDRESS, 80);

  private Bootstrap() {}

  /** Unlike in other tables, the target is where the firewall redirects to, not a SOCKS5 proxy. */
  static Table table(int apiPort) {
    return new Table(
        TABLE,
        List.of(
            Route.divert(
                NAME,
                Protocol.TCP,
                Prefix.of(API.getAddress()),
                Ports.of(API.getPort()),
                apiPort)));
  }
}
