package io.teleproxy.app;

import io.teleproxy.api.ApiServer;
import io.teleproxy.api.Daemon;
import io.teleproxy.config.ApiPlace;
import io.teleproxy.net.LocalPeers;
import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.UserException;
import io.teleproxy.tables.TableStore;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;

/** Where the API listens. */
final class ApiListening {
  private ApiListening() {}

  /**
   * Takes our place in this network first, so that a second run touches nothing.
   *
   * @throws UserException if the place cannot be had
   */
  static ApiServer open(RunContext run, TableStore tables, Daemon face) {
    ApiServer api =
        ApiServer.start(
            run.loops(),
            tables,
            face,
            LocalPeers.of(run.owners()),
            List.of(Bootstrap.API),
            run.configuration().apiPort());
    InetSocketAddress place = ApiPlace.ofDaemon(run.environment().os());
    try {
      api.listen(place);
      return api;
    } catch (IOException e) {
      api.close();
      if (String.valueOf(e.getMessage()).contains("in use")) {
        throw OtherRun.refusal(place);
      }
      boolean forbidden = String.valueOf(e.getMessage()).contains("Permission denied");
      throw new UserException(
          "The API cannot listen on "
              + place.getAddress().getHostAddress()
              + ":"
              + place.getPort()
              + " ("
              + e.getMessage()
              + ")",
          forbidden
              ? "Run it as root, with CAP_NET_BIND_SERVICE (in a container: --cap-add"
                  + " NET_BIND_SERVICE); a security module may forbid it, too: journalctl -k --grep"
                  + " denied."
              : "Run it as root, in a network whose loopback interface is up ('ip link set lo up').",
          e);
    }
  }

  /** Where no firewall leads there from {@code http://teleproxy}. */
  static void atOwnName(ApiServer api, Components components) {
    try {
      api.listen(Bootstrap.API);
    } catch (IOException e) {
      components.report(
          "api",
          Health.degraded(
                  "http://teleproxy is not answered: another program listens at port 80 of all"
                      + " addresses ("
                      + e.getMessage()
                      + ")",
                  "'ss -lntp sport = :80' names it; the commands of teleproxy work all the same.")
              .because(Cause.PORT_TAKEN));
    }
  }
}
