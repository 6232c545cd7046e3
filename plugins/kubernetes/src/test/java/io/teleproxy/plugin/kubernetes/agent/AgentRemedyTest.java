package io.teleproxy.plugin.kubernetes.agent;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Refusals as API servers word them, and what helps. */
final class AgentRemedyTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          pods "a" is forbidden: exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0 | quota raised
          pods "a" is forbidden: minimum memory usage per Container is 1Gi, but request is 64Mi | LimitRange
          pods "a" is forbidden: violates PodSecurity "restricted:latest" | run-as-user
          Internal error occurred: failed calling webhook "x.y.z": no endpoints available | A webhook of the cluster
          pods "a" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no | policy
          admission webhook "x.y.z" denied the request: no | policy
          unable to create new content in namespace x because it is being terminated | another namespace
          """)
  void eachHasOne(String message, String remedy) {
    assertThat(AgentApi.remedy(message)).contains(remedy);
  }
}
