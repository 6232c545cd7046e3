package io.teleproxy.plugin.kubernetes.agent;

import io.teleproxy.plugin.kubernetes.api.ApiClient;
import io.teleproxy.plugin.kubernetes.api.ApiException;
import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Finding;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Looks whether there could be an agent, for {@code teleproxy doctor}: what the last one says,
 * whether the cluster would let its pod in, and whether its image can be had as far as that can be
 * known without pulling it. Changes nothing.
 */
public final class AgentExamination {
  private static final String POD = "agent";
  private static final String IMAGE = "agent image";

  private AgentExamination() {}

  /**
   * Looks; blocks.
   *
   * @param namespace of the context
   */
  public static List<Finding> of(ApiClient client, Environment environment, String namespace)
      throws ApiException, InterruptedException {
    AgentSettings settings = AgentSettings.of(environment.settings());
    if (settings.mode() == AgentSettings.Mode.AGENTLESS) {
      return List.of(Finding.ok(POD, "none is wanted (plugins.kubernetes.tunnel.mode)"));
    }
    List<Finding> findings = new ArrayList<>();
    Set<String> onNodes = AgentApi.imagesOnNodes(client);
    String image =
        settings.image().isEmpty()
            ? JavaImages.choose(onNodes).orElse(AgentSettings.PUBLIC_IMAGE)
            : settings.image();
    findings.add(image(settings, image, onNodes));
    String in = settings.namespace().isEmpty() ? namespace : settings.namespace();
    AgentApi api =
        new AgentApi(
            client,
            image,
            new AgentObjects(
                settings.withImage(image), AgentProgram.load(), in, AgentOwner.of(environment)));
    findings.add(pod(api, in));
    return findings;
  }

  private static Finding image(AgentSettings settings, String image, Set<String> onNodes) {
    String pull = settings.pullPolicy();
    if (onNodes.stream().anyMatch(name -> name.equals(image) || name.endsWith("/" + image))) {
      return Finding.ok(IMAGE, image + ", which a node has already");
    }
    String seen =
        onNodes.isEmpty()
            ? ", of which it cannot be told whether nodes have it (no right to read nodes)"
            : ", which no node has";
    String remedy =
        "Name an image with a Java 17 runtime that the cluster has or can pull, with"
            + " plugins.kubernetes.agent.image (and pull-secrets, pull-policy).";
    if (pull.equals("Never") && !onNodes.isEmpty()) {
      return Finding.bad(IMAGE, image + seen + ", and pull-policy is Never", remedy);
    }
    return Finding.note(
        IMAGE,
        image + seen + "; whether nodes can pull it shows when the agent is started",
        "If it then says ImagePullBackOff: " + remedy);
  }

  private static Finding pod(AgentApi api, String namespace)
      throws ApiException, InterruptedException {
    try {
      PodState state = PodState.of(api.pods(), api.image());
      if (!state.name().isEmpty()) {
        return Finding.ok(POD, "runs: " + namespace + "/" + state.name());
      }
      if (!state.trouble().isEmpty()) {
        return Finding.bad(POD, state.trouble(), state.remedy() + ".");
      }
      api.tryPod();
      return Finding.ok(POD, "none runs; the cluster would let one into " + namespace);
    } catch (AgentTrouble e) {
      // Rights have their own findings, with one Role for all that is missing.
      boolean rights = e.remedy().contains("kind: Role");
      return Finding.note(
          POD,
          e.reason() + "; without it there is no UDP",
          rights ? "The Role above grants what is missing." : e.remedy());
    }
  }
}
