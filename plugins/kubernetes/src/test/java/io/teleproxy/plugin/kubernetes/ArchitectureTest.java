package io.teleproxy.plugin.kubernetes;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The arrows of this plugin: tunnel → agent → portforward → api → cluster; watch beside. */
@AnalyzeClasses(
    packages = "io.teleproxy.plugin.kubernetes",
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
  static final ArchRule nothingGoesInCircles =
      slices().matching("io.teleproxy.plugin.kubernetes.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule theAgentDoesNotKnowWhoChoosesIt =
      noClasses()
          .that()
          .resideInAnyPackage("..kubernetes.agent..", "..kubernetes.portforward..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("..kubernetes.tunnel..", "..kubernetes.follow..");

  @ArchTest
  static final ArchRule aPortForwardKnowsNoAgent =
      noClasses()
          .that()
          .resideInAPackage("..kubernetes.portforward..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("..kubernetes.agent..", "io.teleproxy.agent..");

  @ArchTest
  static final ArchRule theApiServersClientKnowsNoneOfItsUsers =
      noClasses()
          .that()
          .resideInAPackage("..kubernetes.api..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "..kubernetes.agent..", "..kubernetes.portforward..", "..kubernetes.watch..");
}
