package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The cluster does not let the agent be: that is said, with what helps, and is no obstacle. */
@InCluster
class AgentTroubleIT {
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  @Test
  void whatKeepsTheAgentIsNamedAndItComesWhenThatIsOver(Cluster cluster) {
    try (Cluster.Space space = cluster.space()) {
      space.kubectl("create", "quota", "none", "--hard=pods=0");
      String image = cluster.isLab() ? ", image = \"" + imageOfItsOwn(cluster, space) + "\"" : "";
      try (Product product =
          start(cluster, "plugins.kubernetes.agent { namespace = " + space.name() + image + " }")) {
        saysAndCarries(
            cluster, product, "exceeded quota: none", "Have the namespace's quota raised");
        space.kubectl("delete", "quota", "none");
        says(product, "through agent " + space.name());
        says(product, "round-trip-ms=", "reconnects=", "pod=teleproxy-agent-");
        assertThat(product.user().execute("explain", "web:80").succeeded().out())
            .contains("1 of 1 ready", "has matched", "round-trip-ms", "connection here");
        if (cluster.isLab()) {
          whereTheApiServerDoesNotReachThePodItGoesByItsNode(cluster, product, agent(space));
        }
        space.kubectl("create", "quota", "no-more", "--hard=pods=0");
        space.kubectl("delete", "pod", "--all", "--wait=false");
        saysAndCarries(
            cluster, product, "exceeded quota: no-more", "Have the namespace's quota raised");
        try (Webhook silent = new Webhook(cluster, space)) {
          space.kubectl("delete", "quota", "no-more");
          saysAndCarries(
              cluster,
              product,
              "failed calling webhook \"" + silent.name,
              "does not answer: ask who runs it");
          forgetImage(cluster, space);
        }
        if (cluster.isLab()) {
          saysAndCarries(
              cluster, product, "image cannot be had: ErrImage", "plugins.kubernetes.agent.image");
        } else {
          says(product, "through agent " + space.name());
        }
      }
    }
  }

  /** The agent's usual one under another name, which nobody else uses and no registry has. */
  private static String imageOfItsOwn(Cluster cluster, Cluster.Space space) {
    String name = "docker.io/library/" + space.name() + ":17";
    cluster.images("tag", "docker.io/library/jre:17", name);
    return name;
  }

  /** The node loses it, as it does when its disk gets full. */
  private static void forgetImage(Cluster cluster, Cluster.Space space) {
    if (cluster.isLab()) {
      cluster.images("rm", "docker.io/library/" + space.name() + ":17");
    }
  }

  /**
   * A policy that has to be asked about each pod of a namespace, at a service without endpoints.
   */
  private static final class Webhook implements AutoCloseable {
    private final Cluster cluster;
    private final String name;

    Webhook(Cluster cluster, Cluster.Space space) {
      this.cluster = cluster;
      this.name = space.name() + ".policy.example";
      space.kubectl("label", "namespace", space.name(), "asked=" + space.name());
      space.apply(
          """
          apiVersion: admissionregistration.k8s.io/v1
          kind: ValidatingWebhookConfiguration
          metadata: {name: %1$s}
          webhooks:
          - name: %1$s
            failurePolicy: Fail
            sideEffects: None
            admissionReviewVersions: [v1]
            namespaceSelector: {matchLabels: {asked: %2$s}}
            rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
            clientConfig: {service: {namespace: default, name: empty, port: 80}}
          """
              .formatted(name, space.name()));
    }

    @Override
    public void close() {
      cluster.kubectl("delete", "validatingwebhookconfiguration", name);
    }
  }

  @Test
  void anImageThatCannotBeHadIsNamedAndAgentOnlyMeansIt(Cluster cluster) {
    try (Product product =
        start(
            cluster,
            "plugins.kubernetes { tunnel.mode = agent, dial-timeout = 3s,"
                + " agent { image = \"docker.io/library/no-such-image:1\", pull-policy = Never } }")) {
      says(product, "no-such-image:1", "plugins.kubernetes.agent.image");
      Command.Result refused = new Http(cluster.laptop()).curl("http://web/");
      assertThat(refused.exit()).as("%s", refused).isEqualTo(56);
    }
  }

  private static void whereTheApiServerDoesNotReachThePodItGoesByItsNode(
      Cluster cluster, Product product, String agent) {
    await("the direct way").atMost(PATIENCE).until(() -> product.stderr().contains("direct=yes"));
    node(cluster, "-I", agent);
    try {
      cluster.laptop().command("ss", "-K", "dst", "10.99.2.2", "dport", "=", "6443").run();
      Http http = new Http(cluster.laptop());
      assertThat(http.get("http://web/").body()).isEqualTo("hello-from-web");
      await("the other way").atMost(PATIENCE).until(() -> product.stderr().contains("direct=no"));
      assertThat(http.get("http://web/").body()).isEqualTo("hello-from-web");
    } finally {
      node(cluster, "-D", agent);
    }
  }

  private static String agent(Cluster.Space space) {
    return space.kubectl("get", "pod", "-o", "jsonpath={.items[0].status.podIP}").out();
  }

  /** Keeps the API server, and whoever else is on the node, from the agent's door. */
  private static void node(Cluster cluster, String change, String agent) {
    String rule = "OUTPUT -p tcp -d " + agent + " --dport 7475 -j REJECT";
    cluster.node().command(("iptables " + change + " " + rule).split(" ")).run().succeeded();
  }

  private static Product start(Cluster cluster, String configuration) {
    Product.User user = Product.user(cluster.laptop());
    user.write("teleproxy.conf", configuration + "\n");
    Product product = user.start("run", "--kubeconfig", cluster.kubeconfig().toString());
    product.awaitReady();
    return product;
  }

  private static void saysAndCarries(Cluster cluster, Product product, String... texts) {
    says(product, texts);
    assertThat(new Http(cluster.laptop()).get("http://web/").body()).isEqualTo("hello-from-web");
  }

  private static void says(Product product, String... texts) {
    await(String.join(", ", texts))
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(product.user().execute("status").out()).contains(texts));
  }
}
