package io.teleproxy.plugin.kubernetes.cluster;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.fabric8.kubernetes.client.http.Interceptor.RequestTags;
import java.util.concurrent.CompletionException;
import javax.net.ssl.KeyManager;
import javax.net.ssl.TrustManager;

/** Makes a fabric8 client that is let in the way the session is, and configures nothing itself. */
final class Fabric8 {
  private Fabric8() {}

  static KubernetesClient client(
      Kubeconfig kubeconfig, String namespace, Access access, ClusterSession session) {
    Config config =
        new ConfigBuilder(Config.empty())
            .withMasterUrl(kubeconfig.server().toString())
            .withNamespace(namespace)
            .build();
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    // fabric8 finds its HTTP client by ServiceLoader, which must look where fabric8 lies.
    thread.setContextClassLoader(KubernetesClientBuilder.class.getClassLoader());
    try {
      return new KubernetesClientBuilder()
          .withConfig(config)
          .withHttpClientBuilderConsumer(
              builder -> {
                builder.sslContext(
                    access.keyManager().map(key -> new KeyManager[] {key}).orElse(null),
                    new TrustManager[] {access.trustManager()});
                builder.addOrReplaceInterceptor("teleproxy-access", new CurrentHeaders(session));
              })
          .build();
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /** Adds the session's headers of the moment; they change where a plugin or file renews them. */
  private record CurrentHeaders(ClusterSession session) implements Interceptor {
    @Override
    public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
      try {
        for (Access.Header header : session.access().join().headers()) {
          builder.header(header.name(), header.value());
        }
      } catch (CompletionException e) {
        throw e.getCause() instanceof RuntimeException cause ? cause : e;
      }
    }
  }
}
