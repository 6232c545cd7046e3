package io.teleproxy.plugin.iptables;

import io.teleproxy.spi.Interceptor;
import io.teleproxy.testkit.InterceptorContract;
import io.teleproxy.testkit.Machine;
import io.teleproxy.testkit.Namespace;

class LegacyVariantContractTest extends InterceptorContract {
  @Override
  protected Interceptor interceptor(Namespace host) {
    return new IptablesInterceptor(timeout -> host.runner());
  }

  @Override
  protected Machine machine() {
    return new Machine().with("command", "iptables-legacy");
  }
}
