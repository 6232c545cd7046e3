package io.teleproxy.plugin.kubernetes.watch;

import io.teleproxy.plugin.kubernetes.agent.AgentExamination;
import io.teleproxy.plugin.kubernetes.api.ApiClient;
import io.teleproxy.plugin.kubernetes.api.ApiException;
import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.plugin.kubernetes.model.Fields;
import io.teleproxy.plugin.kubernetes.model.Json;
import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Finding;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.UserException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Looks at the kubeconfig, the API server, its clock, every permission that a run needs, and the
 * agent, for {@code teleproxy doctor}. Blocks.
 */
public final class Examination {
  private static final Fields VERSION = Fields.of("message", "gitVersion");
  private static final Fields ADDRESSES =
      Fields.of("items.spec.clusterIPs", "items.spec.clusterIP", "items.status.podIP");

  /** Date has whole seconds, and an answer takes its time. */
  private static final Duration EXACT = Duration.ofSeconds(5);

  /** Tokens and certificates are often given out with so much in reserve. */
  private static final Duration TOLERABLE = Duration.ofSeconds(60);

  private final ClusterSession cluster;
  private final Environment environment;
  private final List<Finding> findings = new ArrayList<>();

  private Examination(ClusterSession cluster, Environment environment) {
    this.cluster = cluster;
    this.environment = environment;
  }

  public static List<Finding> of(Environment environment) {
    try (ClusterSession cluster = ClusterSession.acquire(environment)) {
      Examination examination = new Examination(cluster, environment);
      examination.look();
      return examination.findings;
    } catch (UserException e) {
      return List.of(Finding.bad("kubeconfig", String.valueOf(e.getMessage()), e.remedy()));
    }
  }

  /** The addresses of services and pods, some hundred of each; none if they cannot be read. */
  public static Set<Prefix> addresses(Environment environment) {
    Set<Prefix> addresses = new TreeSet<>();
    try (ClusterSession cluster = ClusterSession.acquire(environment);
        ApiClient api = ApiClient.open(cluster)) {
      for (String plural : List.of("services", "pods")) {
        Json list = api.exchange("GET", "/api/v1/" + plural + "?limit=500", "", ADDRESSES).object();
        for (Json item : list.objects("items")) {
          List<String> texts = new ArrayList<>(item.object("spec").texts("clusterIPs"));
          texts.add(item.object("spec").text("clusterIP"));
          texts.add(item.object("status").text("podIP"));
          texts.forEach(text -> add(addresses, text));
        }
      }
    } catch (ApiException | UserException e) {
      // The findings say why.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return addresses;
  }

  private static void add(Set<Prefix> addresses, String text) {
    try {
      addresses.add(Prefix.of(Prefix.parseAddress(text)));
    } catch (IllegalArgumentException e) {
      // None, or "None".
    }
  }

  private void look() {
    findings.add(
        Finding.ok(
            "kubeconfig",
            "context "
                + cluster.context()
                + ", namespace "
                + cluster.namespace()
                + ", server "
                + cluster.server()));
    try (ApiClient api = ApiClient.open(cluster)) {
      Instant before = Instant.now();
      ApiClient.Reply version = api.exchange("GET", "/version", "", VERSION);
      clock(version, before, Instant.now());
      if (!version.ok()) {
        findings.add(
            Finding.bad(
                "API server",
                version.message(),
                version.status() == 401
                    ? "Log in again, as for kubectl."
                    : "Look whether 'kubectl version' works here."));
        return;
      }
      findings.add(Finding.ok("API server", "Kubernetes " + version.object().text("gitVersion")));
      findings.addAll(Permissions.look(api, cluster.namespace()));
      findings.addAll(AgentExamination.of(api, environment, cluster.namespace()));
    } catch (ApiException e) {
      UserException told = Messages.cannotStart(cluster, e);
      findings.add(Finding.bad("API server", String.valueOf(told.getMessage()), told.remedy()));
    } catch (UserException e) {
      findings.add(Finding.bad("credentials", String.valueOf(e.getMessage()), e.remedy()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Compares with the server's Date, which is as of some moment between these two. */
  private void clock(ApiClient.Reply reply, Instant before, Instant after) {
    if (reply.date().isEmpty()) {
      return;
    }
    Instant there = reply.date().get();
    Duration skew =
        there.isBefore(before)
            ? Duration.between(there, before)
            : there.isAfter(after) ? Duration.between(there, after) : Duration.ZERO;
    String check = "clock, compared";
    if (skew.abs().compareTo(EXACT) <= 0) {
      findings.add(Finding.ok(check, "as the API server's"));
      return;
    }
    String found =
        "this machine's clock is "
            + skew.abs().toSeconds()
            + " s "
            + (skew.isNegative() ? "behind" : "ahead of")
            + " the API server's";
    String remedy =
        "Set it ('timedatectl set-ntp true'): by it tokens and certificates are valid or not.";
    findings.add(
        skew.abs().compareTo(TOLERABLE) > 0
            ? Finding.bad(check, found, remedy)
            : Finding.note(check, found, remedy));
  }
}
