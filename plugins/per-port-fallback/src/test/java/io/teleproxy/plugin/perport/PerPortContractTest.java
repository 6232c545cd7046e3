package io.teleproxy.plugin.perport;

import io.teleproxy.spi.Interceptor;
import io.teleproxy.testkit.InterceptorContract;
import io.teleproxy.testkit.Namespace;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class PerPortContractTest extends InterceptorContract {
  @TempDir Path etc;

  @Override
  protected Interceptor interceptor(Namespace host) {
    return new PerPortInterceptor(host.runner(), etc.resolve("resolv.conf"), Path.of("/proc"));
  }

  @Override
  protected boolean counts() {
    return false;
  }
}
