package io.teleproxy.plugin.kubernetes.agent;

import io.teleproxy.plugin.kubernetes.api.ApiClient;
import io.teleproxy.plugin.kubernetes.api.ApiException;
import io.teleproxy.plugin.kubernetes.model.Fields;
import io.teleproxy.plugin.kubernetes.model.Json;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What is asked of the API server about the agent, one request each. All methods block, and throw
 * {@link AgentTrouble} if the server says no, {@link ApiException} if there is no answer.
 */
final class AgentApi {
  private static final Fields JOB =
      Fields.of(
          "message",
          "metadata.uid",
          "metadata.deletionTimestamp",
          "metadata.labels." + AgentObjects.VERSION_LABEL.replace(".", ".."),
          "spec.parallelism",
          "status.conditions.type",
          "status.conditions.status");
  private static final Fields PODS =
      Fields.of(
          "message",
          "items.metadata.name",
          "items.metadata.deletionTimestamp",
          "items.metadata.creationTimestamp",
          "items.status.phase",
          "items.status.reason",
          "items.status.message",
          "items.status.conditions.type",
          "items.status.conditions.status",
          "items.status.conditions.message",
          "items.status.containerStatuses.state.waiting.reason",
          "items.status.containerStatuses.state.waiting.message",
          "items.status.containerStatuses.state.running.startedAt",
          "items.status.containerStatuses.lastState.terminated.reason",
          "items.status.containerStatuses.lastState.terminated.exitCode");
  private static final Fields EVENTS =
      Fields.of("items.message", "items.lastTimestamp", "items.reason", "items.involvedObject.uid");
  private static final Fields MESSAGE = Fields.of("message");

  private static final Fields IMAGES = Fields.of("items.status.images.names");

  private final ApiClient client;
  private final String image;
  private final AgentObjects objects;
  private final MissingRights rights;

  AgentApi(ApiClient client, String image, AgentObjects objects) {
    this.client = client;
    this.image = image;
    this.objects = objects;
    this.rights = new MissingRights(client, objects.namespace());
  }

  String image() {
    return image;
  }

  String name() {
    return objects.name();
  }

  String namespace() {
    return objects.namespace();
  }

  String version() {
    return objects.version();
  }

  /** The names of images that nodes have already; none where nodes may not be read. */
  static Set<String> imagesOnNodes(ApiClient client) throws ApiException, InterruptedException {
    Set<String> names = new TreeSet<>();
    ApiClient.Reply reply = client.exchange("GET", "/api/v1/nodes?limit=50", "", IMAGES);
    for (Json node : reply.object().objects("items")) {
      for (Json image : node.object("status").objects("images")) {
        names.addAll(image.texts("names"));
      }
    }
    return names;
  }

  /** Empty if there is none. */
  Optional<Json> job() throws AgentTrouble, ApiException, InterruptedException {
    ApiClient.Reply reply = client.exchange("GET", jobPath(), "", JOB);
    return reply.status() == 404
        ? Optional.empty()
        : Optional.of(checked("read the job", reply).object());
  }

  /**
   * Whether the cluster would let the pod in, as a dry run; the Job itself would not tell.
   *
   * @return false if that cannot be asked, for want of a right that is needed for nothing else
   * @throws AgentTrouble if it would not, with its reason
   */
  boolean tryPod() throws AgentTrouble, ApiException, InterruptedException {
    ApiClient.Reply reply =
        client.exchange("POST", core("pods") + "?dryRun=All", objects.pod(), MESSAGE);
    if (MissingRights.isMissing(reply)) {
      return false;
    }
    checked("admit the agent's pod", reply);
    return true;
  }

  /**
   * Says why the cluster makes no pod of the job, as far as that can be found out: in its events,
   * where they may be read, else by trying.
   */
  void explainNoPod(String jobUid) throws AgentTrouble, ApiException, InterruptedException {
    String path =
        core("events")
            + "?fieldSelector=involvedObject.kind%3DJob%2CinvolvedObject.name%3D"
            + objects.name();
    Optional<Json> refusal =
        client.exchange("GET", path, "", EVENTS).object().objects("items").stream()
            .filter(event -> event.object("involvedObject").text("uid").equals(jobUid))
            .filter(event -> event.text("reason").equals("FailedCreate"))
            .max(Comparator.comparing(event -> event.text("lastTimestamp")));
    if (refusal.isPresent()) {
      String message = refusal.get().text("message");
      throw new AgentTrouble(
          "the cluster does not make the agent's pod: " + message, remedy(message));
    }
    tryPod();
  }

  Json createJob() throws AgentTrouble, ApiException, InterruptedException {
    return checked("create the job", client.exchange("POST", jobs(), objects.job(), JOB)).object();
  }

  /** Creates the config maps that are not there yet. */
  void createConfigMaps(String jobUid) throws AgentTrouble, ApiException, InterruptedException {
    List<byte[]> jars = objects.jars();
    for (int i = 0; i < jars.size(); i++) {
      String map = objects.configMap(i, jars.get(i), jobUid);
      ApiClient.Reply reply = client.exchange("POST", core("configmaps"), map, MESSAGE);
      if (reply.status() != 409) {
        checked("create a config map", reply);
      }
    }
  }

  /** Lets the job make its pod. */
  void release() throws AgentTrouble, ApiException, InterruptedException {
    checked("start the job", client.exchange("PATCH", jobPath(), objects.release(), MESSAGE));
  }

  /** Deletes the job, and with it all that belongs to it. */
  void delete() throws AgentTrouble, ApiException, InterruptedException {
    ApiClient.Reply reply =
        client.exchange("DELETE", jobPath() + "?propagationPolicy=Background", "", MESSAGE);
    if (reply.status() != 404) {
      checked("delete the job", reply);
    }
  }

  List<Json> pods() throws AgentTrouble, ApiException, InterruptedException {
    String path = core("pods") + "?labelSelector=job-name%3D" + objects.name();
    return checked("list the agent's pod", client.exchange("GET", path, "", PODS))
        .object()
        .objects("items");
  }

  private ApiClient.Reply checked(String what, ApiClient.Reply reply)
      throws AgentTrouble, ApiException, InterruptedException {
    if (reply.ok()) {
      return reply;
    }
    String reason = "the cluster does not " + what + ": " + reply.message();
    if (MissingRights.isMissing(reply)) {
      throw new AgentTrouble(reason, rights.remedy(reply));
    }
    throw new AgentTrouble(reason, remedy(reply.message()));
  }

  /** What can be done about a refusal that is not for want of rights; empty if nothing is known. */
  static String remedy(String message) {
    if (message.contains("exceeded quota")) {
      return "Have the namespace's quota raised, lower plugins.kubernetes.agent.cpu-limit and"
          + " memory-limit, or name another namespace with plugins.kubernetes.agent.namespace";
    }
    if (message.contains("PodSecurity") || message.contains("security context constraint")) {
      return "The pod complies with the 'restricted' standard; set"
          + " plugins.kubernetes.agent.run-as-user = 0 if the cluster chooses user ids itself, or"
          + " name another namespace with plugins.kubernetes.agent.namespace";
    }
    if (message.contains("being terminated")) {
      return "Name another namespace with plugins.kubernetes.agent.namespace";
    }
    if (message.contains("usage per Container") || message.contains("usage per Pod")) {
      return "A LimitRange of the namespace wants other sizes: set plugins.kubernetes.agent's"
          + " cpu-request, cpu-limit, memory-request or memory-limit, or name another namespace with"
          + " plugins.kubernetes.agent.namespace";
    }
    if (message.contains("failed calling webhook")) {
      return "A webhook of the cluster that has a say about pods does not answer: ask who runs it, or"
          + " name another namespace with plugins.kubernetes.agent.namespace";
    }
    if (message.contains("admission")
        || message.contains("webhook")
        || message.contains("denied")) {
      return "A policy of the cluster refuses the pod: ask who runs it, or name another namespace"
          + " with plugins.kubernetes.agent.namespace";
    }
    return "";
  }

  private String jobPath() {
    return jobs() + "/" + objects.name();
  }

  private String jobs() {
    return "/apis/batch/v1/namespaces/" + objects.namespace() + "/jobs";
  }

  private String core(String plural) {
    return "/api/v1/namespaces/" + objects.namespace() + "/" + plural;
  }
}
