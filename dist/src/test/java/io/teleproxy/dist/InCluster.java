package io.teleproxy.dist;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * Tests against a real cluster: their methods may take a {@link Cluster}, which is started once for
 * the whole test run. There is one laptop beside it, which they have one after another; tests with
 * machines of their own run meanwhile.
 */
@Tag("privileged")
@ResourceLock("the laptop")
@ExtendWith(InCluster.Extension.class)
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@interface InCluster {
  /** Keeps the cluster in the store of the whole run, which closes it at the end. */
  final class Extension implements BeforeAllCallback, ParameterResolver {
    /** Not left to the resolver: what it throws counts as failure, even a missing requirement. */
    @Override
    public void beforeAll(ExtensionContext context) {
      cluster(context);
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
      return parameter.getParameter().getType() == Cluster.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
      return cluster(context);
    }

    private static Cluster cluster(ExtensionContext context) {
      return context
          .getRoot()
          .getStore(ExtensionContext.Namespace.create(Cluster.class))
          .getOrComputeIfAbsent(Cluster.class, type -> Cluster.start(), Cluster.class);
    }
  }
}
