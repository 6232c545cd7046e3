package io.teleproxy.dist;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.ResourceLocksProvider;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * Tests against a real cluster: their methods may take a {@link Cluster}, which is started once for
 * the whole test run. There are two laptops beside it, each of which is had by one class after
 * another; tests with machines of their own run meanwhile.
 */
@Tag("privileged")
@ResourceLock(providers = InCluster.Sharing.class)
@ExtendWith(InCluster.Extension.class)
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@interface InCluster {
  /** From which laptop, unless there is only one. */
  Cluster.Laptop from() default Cluster.Laptop.FIRST;

  /** Whether the cluster itself is stopped or cut, so that nobody else may use it meanwhile. */
  boolean alone() default false;

  /** Who waits for whom. */
  final class Sharing implements ResourceLocksProvider {
    @Override
    public Set<Lock> provideForClass(Class<?> testClass) {
      InCluster annotation = annotation(testClass);
      Cluster.Laptop laptop = Cluster.isGiven() ? Cluster.Laptop.FIRST : annotation.from();
      return Set.of(
          new Lock(laptop.toString()),
          new Lock(
              "the cluster",
              annotation.alone() ? ResourceAccessMode.READ_WRITE : ResourceAccessMode.READ));
    }

    private static InCluster annotation(Class<?> testClass) {
      return AnnotationSupport.findAnnotation(testClass, InCluster.class).orElseThrow();
    }
  }

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
          .getOrComputeIfAbsent(Cluster.class, type -> Cluster.start(), Cluster.class)
          .from(Sharing.annotation(context.getRequiredTestClass()).from());
    }
  }
}
