package io.teleproxy.plugin.kubernetes.watch;

import io.teleproxy.plugin.kubernetes.api.ApiClient;
import io.teleproxy.plugin.kubernetes.api.ApiException;
import io.teleproxy.plugin.kubernetes.api.JsonStream;
import io.teleproxy.plugin.kubernetes.model.Fields;
import io.teleproxy.plugin.kubernetes.model.Json;
import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out the cluster's DNS domain, which no API object is there to tell: from CoreDNS's
 * configuration, where it may be read, else from the configuration of a kubelet, which writes it
 * into the pods' resolv.conf. Blocks its thread, for some seconds at most.
 */
final class ClusterDomain {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterDomain.class);

  /** What nearly every cluster has. */
  static final String USUAL = "cluster.local";

  /** The start waits for it: a kubelet that does not answer must not hold it up. */
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private static final long RETRY_MILLIS = 300;

  private static final String CONFIG_MAP = "/api/v1/namespaces/kube-system/configmaps/coredns";
  private static final Fields COREFILE = Fields.of("data.Corefile");
  private static final Fields NODE_NAMES = Fields.of("items.metadata.name");
  private static final Fields KUBELET = Fields.of("kubeletconfig.clusterDomain");

  /** The plugin's line, {@code kubernetes ZONES...}: the first zone that is no reverse one. */
  private static final Pattern ZONE =
      Pattern.compile("^\\s*kubernetes[ \\t]+([A-Za-z0-9._-]+)", Pattern.MULTILINE);

  private final ApiClient api;

  ClusterDomain(ApiClient api) {
    this.api = api;
  }

  /**
   * The domain without final dot; the usual one if nobody tells. Waits until the API server answers
   * at all.
   */
  String find() throws InterruptedException {
    String domain = ofCorefile(corefile());
    String source = "coredns";
    if (domain.isEmpty()) {
      domain = ofKubelet();
      source = "kubelet";
    }
    if (domain.isEmpty()) {
      domain = USUAL;
      source = "default";
    }
    LOG.info("kubernetes: [cluster-domain={} source={}]", domain, source);
    return domain;
  }

  private String corefile() throws InterruptedException {
    while (true) {
      try {
        return read(CONFIG_MAP, COREFILE, ApiClient.HEADERS_TIMEOUT)
            .object("data")
            .text("Corefile");
      } catch (ApiException e) {
        if (e.kind() != ApiException.Kind.UNREACHABLE) {
          LOG.debug("kubernetes: {} tells nothing about the cluster's domain", CONFIG_MAP, e);
          return "";
        }
      } catch (UserException e) {
        LOG.debug("kubernetes: no credentials yet", e);
      }
      Thread.sleep(RETRY_MILLIS);
    }
  }

  static String ofCorefile(String corefile) {
    Matcher zone = ZONE.matcher(corefile);
    while (zone.find()) {
      String domain = normal(zone.group(1));
      if (!domain.isEmpty() && !domain.endsWith(".arpa")) {
        return domain;
      }
    }
    return "";
  }

  private String ofKubelet() throws InterruptedException {
    try {
      List<Json> nodes = read("/api/v1/nodes?limit=1", NODE_NAMES, PATIENCE).objects("items");
      if (nodes.isEmpty()) {
        return "";
      }
      String path =
          "/api/v1/nodes/" + nodes.get(0).object("metadata").text("name") + "/proxy/configz";
      return normal(read(path, KUBELET, PATIENCE).object("kubeletconfig").text("clusterDomain"));
    } catch (ApiException | UserException e) {
      LOG.debug("kubernetes: no kubelet tells the cluster's domain", e);
      return "";
    }
  }

  private Json read(String path, Fields fields, Duration patience)
      throws ApiException, InterruptedException {
    try (ApiClient.Body body = api.get(path, patience);
        JsonStream json = new JsonStream(body.stream())) {
      Json value = json.next(fields);
      json.finish();
      return value == null ? Json.NOTHING : value;
    } catch (IOException e) {
      throw new ApiException(ApiException.Kind.OTHER, String.valueOf(e.getMessage()), e);
    }
  }

  private static String normal(String domain) {
    String lower = domain.toLowerCase(Locale.ROOT);
    return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
  }
}
