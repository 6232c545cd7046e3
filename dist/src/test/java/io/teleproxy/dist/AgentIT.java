package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The agent in a real cluster: it comes, carries, heals, and is gone. */
@InCluster
class AgentIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @Test
  void connectionsMoveToAnAgentThatComesAndGoesWithTheRun(Cluster cluster) {
    try (Product product = cluster.run()) {
      Http http = new Http(cluster.laptop());
      assertThat(http.get("http://web/").body()).isEqualTo("hello-from-web");
      awaitAgent(product);
      assertThat(http.get("http://web/").body()).isEqualTo("hello-from-web");

      String pod = cluster.kubectl("get", agentPods(cluster).get(0), "-o", "yaml").out();
      assertThat(pod)
          .contains(
              "runAsNonRoot: true",
              "allowPrivilegeEscalation: false",
              "readOnlyRootFilesystem: true",
              "type: RuntimeDefault",
              "automountServiceAccountToken: false")
          .contains("- ALL");

      String address = cluster.kubectl("get", "pod", "web", "-o", "jsonpath={.status.podIP}").out();
      // curl's status of a connection that is reset before anything came: dialled, and refused.
      // Where nothing redirects, nobody listens there.
      assertThat(http.curl("http://" + address + ":81/").exit())
          .isEqualTo(Backend.isNamed(Backend.PER_PORT) ? 7 : 56);

      assertThat(product.stop()).isZero();
    }
    awaitNothing(cluster);
  }

  @Test
  void aLateAnswerComesAfterTheHalfClose(Cluster cluster) {
    try (Cluster.Space space = cluster.space();
        Product product = cluster.run()) {
      space.kubectl(
          "run",
          "late",
          "--port=9000",
          "--image=docker.io/library/busybox:1",
          "--image-pull-policy=IfNotPresent",
          "--command",
          "--",
          "socat",
          "-t60",
          "TCP-LISTEN:9000,fork,reuseaddr",
          "SYSTEM:cat >/dev/null; sleep 3; head -c 1000000 /dev/zero");
      space.kubectl("wait", "--for=condition=Ready", "pod/late", "--timeout=60s");
      String address = space.kubectl("get", "pod", "late", "-o", "jsonpath={.status.podIP}").out();
      awaitAgent(product);
      await("an answer after FIN")
          .atMost(PATIENCE)
          .untilAsserted(
              () ->
                  assertThat(
                          cluster
                              .laptop()
                              .command(
                                  "sh",
                                  "-c",
                                  "printf x | socat -t20 - TCP:" + address + ":9000 | wc -c")
                              .run(PATIENCE)
                              .out()
                              .strip())
                      .isEqualTo("1000000"));
    }
  }

  @Test
  void datagramsAreAnswered(Cluster cluster) {
    try (Product product = cluster.run()) {
      awaitAgent(product);
      await("an answer by UDP")
          .atMost(PATIENCE)
          .untilAsserted(
              () ->
                  assertThat(
                          cluster
                              .laptop()
                              .command("socat", "-t5", "-", "UDP:tools:7")
                              .input("hello")
                              .run(PATIENCE)
                              .out())
                      .isEqualTo("hello"));
    }
  }

  @Test
  void aKilledAgentIsMadeAnewAndNobodyWaitsForIt(Cluster cluster) {
    try (Product product = cluster.run()) {
      awaitAgent(product);
      String first = agentPods(cluster).get(0);
      Http http = new Http(cluster.laptop());
      cluster.kubectl("delete", first, "--force", "--grace-period=0");
      // The kubelet ends the agent some time later: what is on its way at that moment is reset.
      await("an answer").until(() -> http.curl("http://web/").out().contains("hello-from-web"));
      await("another pod")
          .atMost(PATIENCE)
          .until(() -> !agentPods(cluster).isEmpty() && !agentPods(cluster).contains(first));
      awaitAgent(product);
      assertThat(new Http(cluster.laptop()).get("http://web/").body()).isEqualTo("hello-from-web");
    }
  }

  @Test
  void theAgentOfAKilledRunIsUsedAgain(Cluster cluster) {
    List<String> left;
    try (Product killed = cluster.run()) {
      awaitAgent(killed);
      left = agentPods(cluster);
      killed.signal("KILL");
      killed.exitCode();
    }
    try (Product product = cluster.run()) {
      awaitAgent(product);
      assertThat(agentPods(cluster)).isEqualTo(left);
      assertThat(product.stop()).isZero();
    }
    awaitNothing(cluster);
  }

  @Test
  void whoeverMayNotMakePodsIsToldWhatIsMissingAndGoesWithout(Cluster cluster) {
    cluster.kubectlTried("delete", "clusterrole,clusterrolebinding", "tp-it-reader");
    cluster.kubectl(
        "create",
        "clusterrole",
        "tp-it-reader",
        "--verb=get,list,watch,create",
        "--resource=services,endpoints,nodes,endpointslices.discovery.k8s.io,pods/portforward");
    cluster.kubectl(
        "create", "clusterrolebinding", "tp-it-reader", "--clusterrole=view", "--user=developer");
    cluster.kubectl(
        "create",
        "clusterrolebinding",
        "tp-it-reader-more",
        "--clusterrole=tp-it-reader",
        "--user=developer");
    try (Product product = cluster.runAs("lab-developer-token")) {
      assertThat(new Http(cluster.laptop()).get("http://web/").body()).isEqualTo("hello-from-web");
      await("the missing rights")
          .atMost(PATIENCE)
          .untilAsserted(
              () ->
                  assertThat(product.user().execute("status", "--json").out())
                      .contains("kind: Role")
                      .contains("resources: [jobs]")
                      .contains("name: \\\"developer\\\""));
      assertThat(new Http(cluster.laptop()).get("http://web/").body()).isEqualTo("hello-from-web");
    } finally {
      cluster.kubectlTried("delete", "clusterrolebinding", "tp-it-reader", "tp-it-reader-more");
      cluster.kubectlTried("delete", "clusterrole", "tp-it-reader");
    }
  }

  private static void awaitAgent(Product product) {
    await("the agent of " + product)
        .atMost(PATIENCE)
        .until(() -> product.user().execute("status").out().contains("through agent"));
  }

  private static List<String> agentPods(Cluster cluster) {
    return cluster.agentPods();
  }

  private static void awaitNothing(Cluster cluster) {
    // A kubelet on a busy machine takes its time to clear a pod away.
    await("the end of everything that is ours")
        .atMost(PATIENCE.multipliedBy(4))
        .until(() -> cluster.agentObjects("job,pod,configmap").isEmpty());
  }
}
