package io.teleproxy.dist;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * A real Kubernetes cluster with the sample applications, and a laptop beside it. Either the lab of
 * src/test/cluster, or any cluster: {@code TELEPROXY_TEST_KUBECONFIG} names its kubeconfig and
 * {@code TELEPROXY_TEST_NETNS} the network namespace in which the product may change the firewall.
 */
final class Cluster implements AutoCloseable {
  private static final Path LAB = Path.of("src/test/cluster/cluster").toAbsolutePath();
  private static final Path APPS = LAB.resolveSibling("apps.yaml");

  /**
   * So that a lab that somebody uses by hand is left alone, and test runs leave each other alone.
   */
  private static final String PREFIX = System.getenv().getOrDefault("CLUSTER_PREFIX", "it-");

  private static final String STATE = "/run/" + PREFIX + "real-cluster";

  private static final Path BUILT =
      Path.of(System.getenv().getOrDefault("CLUSTER_CACHE", "/var/cache/real-cluster"), "bin");
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  /** Those beside the lab; a cluster that is given has the first only. */
  enum Laptop {
    FIRST("laptop"),
    COLLEAGUES("colleague");

    private final String namespace;

    Laptop(String namespace) {
      this.namespace = namespace;
    }
  }

  private final Namespace laptop;
  private final Path kubeconfig;
  private final boolean lab;

  private Cluster(Namespace laptop, Path kubeconfig, boolean lab) {
    this.laptop = laptop;
    this.kubeconfig = kubeconfig;
    this.lab = lab;
  }

  /** Brings the cluster up, or reaches the one that is given; the applications are ready then. */
  static Cluster start() {
    Requirements.privileged();
    if (!isGiven()) {
      return startLab();
    }
    String given = System.getenv("TELEPROXY_TEST_KUBECONFIG");
    String namespace = System.getenv("TELEPROXY_TEST_NETNS");
    Requirements.met(
        namespace != null, "TELEPROXY_TEST_KUBECONFIG is set, TELEPROXY_TEST_NETNS is not");
    Cluster cluster = new Cluster(Namespace.existing(namespace), Path.of(given), false);
    cluster.deployApplications();
    return cluster;
  }

  /** Whether there is a cluster, which must be left as it is. */
  static boolean isGiven() {
    return System.getenv("TELEPROXY_TEST_KUBECONFIG") != null;
  }

  private static Cluster startLab() {
    Requirements.programs("etcd", "containerd", "runc", "dnsmasq", "openssl", "socat", "busybox");
    Requirements.met(
        Files.isExecutable(BUILT.resolve("kubelet")),
        "the lab is not built; " + LAB + " build does it in about 13 minutes");
    lab("down");
    lab("up");
    lab("apps");
    return new Cluster(
        Namespace.existing(PREFIX + Laptop.FIRST.namespace), Path.of(STATE, "kubeconfig"), true);
  }

  /** The same, as it is seen from this laptop. */
  Cluster from(Laptop one) {
    return lab ? new Cluster(Namespace.existing(PREFIX + one.namespace), kubeconfig, true) : this;
  }

  private static void lab(String... verb) {
    Command.of(verb)
        .behind(List.of(LAB.toString()))
        .env("CLUSTER_PREFIX", PREFIX)
        .run(PATIENCE)
        .succeeded();
  }

  /** Kills a part of the lab, such as {@code apiserver}, and starts it again. */
  void restart(String part) {
    lab("restart", part);
  }

  /** What the lab's node has of images: ctr(8), {@code images}. */
  void images(String... arguments) {
    List<String> words = new ArrayList<>(List.of("ctr", "-a", STATE + "/containerd.sock"));
    words.addAll(List.of("-n", "k8s.io", "images"));
    words.addAll(List.of(arguments));
    Command.of(words.toArray(String[]::new)).run(PATIENCE).succeeded();
  }

  /** In other clusters images are pulled, and those without a registry's account are fewer. */
  private void deployApplications() {
    if (kubectlTried("get", "service", "web", "-n", "shop").exit() == 0) {
      return;
    }
    try {
      String apps = Files.readString(APPS).replace("imagePullPolicy: Never", "");
      laptop.enter(kubectlCommand("apply", "-f", "-").input(apps)).run().succeeded();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    for (String namespace : List.of("default", "shop")) {
      kubectl("wait", "-n", namespace, "--for=condition=Ready", "pod/web", "--timeout=180s");
    }
  }

  Namespace laptop() {
    return laptop;
  }

  /** The only node of the lab. */
  Namespace node() {
    return Namespace.existing(PREFIX + "cluster");
  }

  /** What lies between the lab's laptops and its node. */
  Namespace router() {
    return Namespace.existing(PREFIX + "router");
  }

  /** The running pods of the agent that this laptop's user has, as KIND/NAME. */
  List<String> agentPods() {
    String template =
        "{{range .items}}{{if not .metadata.deletionTimestamp}}{{if eq .status.phase \"Running\"}}"
            + "pod/{{.metadata.name}}{{\"\\n\"}}{{end}}{{end}}{{end}}";
    return agentObjects("pod", "go-template=" + template);
  }

  /** Everything of these kinds, separated by commas, that the agent of this laptop's user has. */
  List<String> agentObjects(String kinds) {
    return agentObjects(kinds, "name");
  }

  private List<String> agentObjects(String kinds, String format) {
    return kubectl("get", kinds, "-l", "app.kubernetes.io/managed-by=teleproxy", "-o", format)
        .lines()
        .stream()
        .filter(name -> name.contains("/teleproxy-agent-" + laptop.name() + "-"))
        .toList();
  }

  /** The lab's authority: {@code ca.crt} and {@code ca.key}. */
  Path pki() {
    return Path.of(STATE, "pki");
  }

  Path kubeconfig() {
    return kubeconfig;
  }

  /** Whether the laptop's nameserver is the lab's, which knows www.example.test. */
  boolean isLab() {
    return lab || laptop.command("dig", "+short", "www.example.test").run().out().contains("10.99");
  }

  /** kubectl as the cluster's administrator, run on the laptop. */
  Command.Result kubectl(String... arguments) {
    return kubectlTried(arguments).succeeded();
  }

  Command.Result kubectlTried(String... arguments) {
    return laptop.enter(kubectlCommand(arguments)).run(PATIENCE);
  }

  private Command kubectlCommand(String... arguments) {
    Path built = BUILT.resolve("kubectl");
    List<String> words = new ArrayList<>();
    words.add(Files.isExecutable(built) ? built.toString() : "kubectl");
    words.addAll(List.of("--kubeconfig", kubeconfig.toString()));
    words.addAll(List.of(arguments));
    return Command.of(words.toArray(String[]::new));
  }

  /** What the API server says of a manifest, as the administrator's; nothing is kept. */
  Command.Result tried(String manifest) {
    return laptop
        .enter(kubectlCommand("apply", "--dry-run=server", "-f", "-").input(manifest))
        .run(PATIENCE);
  }

  /** The product, started on the laptop for this cluster, and ready. */
  Product run() {
    Product product = Product.user(laptop).start("run", "--kubeconfig", kubeconfig.toString());
    product.awaitReady();
    return product;
  }

  /** The same, for a user who has no client certificate but this token. */
  Product runAs(String token) {
    Product.User user = Product.user(laptop);
    try {
      String config = Files.readString(kubeconfig);
      Path own =
          Files.writeString(
              user.home().resolve("kubeconfig"),
              config.replaceAll(
                  "user: \\{client-certificate.*}}]", "user: {token: " + token + "}}]"));
      Product product = user.start("run", "--kubeconfig", own.toString());
      product.awaitReady();
      return product;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A Kubernetes namespace of its own for one test. */
  Space space() {
    Space space = new Space("tp-" + UUID.randomUUID().toString().substring(0, 8));
    kubectl("create", "namespace", space.name());
    return space;
  }

  /** Deleted with everything in it when closed. */
  final class Space implements AutoCloseable {
    private final String name;

    private Space(String name) {
      this.name = name;
    }

    String name() {
      return name;
    }

    Command.Result kubectl(String... arguments) {
      List<String> words = new ArrayList<>(List.of("--namespace", name));
      words.addAll(List.of(arguments));
      return Cluster.this.kubectl(words.toArray(String[]::new));
    }

    void apply(String manifest) {
      laptop
          .enter(kubectlCommand("--namespace", name, "apply", "-f", "-").input(manifest))
          .run(PATIENCE)
          .succeeded();
    }

    @Override
    public void close() {
      Cluster.this.kubectl("delete", "namespace", name, "--wait=false");
    }
  }

  @Override
  public void close() {
    if (lab) {
      lab("down");
    }
  }
}
