package io.teleproxy.plugin.iptables;

import io.teleproxy.spi.Interceptor;
import io.teleproxy.testkit.InterceptorContract;
import io.teleproxy.testkit.Machine;
import io.teleproxy.testkit.Namespace;

/** Addresses in sets, however few there are. */
class SetsContractTest extends InterceptorContract {
  @Override
  protected Interceptor interceptor(Namespace host) {
    return new IptablesInterceptor(timeout -> host.runner());
  }

  @Override
  protected Machine machine() {
    return new Machine().with("sets-from", "1");
  }
}
