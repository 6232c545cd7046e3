package io.teleproxy.plugin.nftables;

import io.teleproxy.spi.Interceptor;
import io.teleproxy.testkit.InterceptorContract;
import io.teleproxy.testkit.Namespace;

class NftablesContractTest extends InterceptorContract {
  @Override
  protected Interceptor interceptor(Namespace host) {
    return new NftablesInterceptor(host::enter);
  }
}
