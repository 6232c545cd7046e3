package io.teleproxy;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/**
 * The arrows of the design: cli, app → {api, dns, proxy → socks, plugin} → client, config, journal,
 * net, tables → spi.
 */
@AnalyzeClasses(packages = "io.teleproxy", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
  static final ArchRule theSpiKnowsTheJdkAndPf4jOnly =
      classes()
          .that()
          .resideInAPackage("io.teleproxy.spi")
          .should()
          .onlyDependOnClassesThat(
              resideInAnyPackage("java..", "io.teleproxy.spi", "org.pf4j", "org.jspecify.."));

  @ArchTest static final ArchRule tablesKnowTheSpiOnly = only("tables");

  @ArchTest static final ArchRule configKnowsTheSpiOnly = only("config");

  @ArchTest static final ArchRule netKnowsTheSpiOnly = only("net");

  @ArchTest static final ArchRule journalKnowsTheSpiOnly = only("journal");

  @ArchTest static final ArchRule clientKnowsTheSpiOnly = only("client");

  @ArchTest static final ArchRule logKnowsTheSpiOnly = only("log");

  @ArchTest static final ArchRule pluginsAreHostedOnTheirOwn = only("plugin", "config");

  @ArchTest static final ArchRule apiStandsOnTables = only("api", "config", "net", "tables");

  @ArchTest static final ArchRule dnsStandsOnTables = only("dns", "config", "net", "tables");

  @ArchTest
  static final ArchRule proxyStandsOnTables = only("proxy", "config", "net", "socks", "tables");

  @ArchTest static final ArchRule socksStandsOnNothing = only("socks", "config", "net");

  @ArchTest
  static final ArchRule theCommandLineTalksToTheDaemonFromOutside =
      only("cli", "client", "config", "doctor", "journal", "net", "plugin");

  @ArchTest static final ArchRule doctorKnowsTheSpiOnly = only("doctor", "config");

  @ArchTest
  static final ArchRule nothingGoesInCircles =
      slices().matching("io.teleproxy.(*)..").should().beFreeOfCycles();

  /** Of the virtual machine's own things only what all of them have. */
  @ArchTest
  static final ArchRule noInternals =
      noClasses().should().dependOnClassesThat(resideInAnyPackage("sun..", "jdk.internal.."));

  private static ArchRule only(String part, String... others) {
    String[] allowed = new String[others.length + 2];
    allowed[0] = "io.teleproxy.spi..";
    allowed[1] = "io.teleproxy." + part + "..";
    for (int i = 0; i < others.length; i++) {
      allowed[i + 2] = "io.teleproxy." + others[i] + "..";
    }
    return noClasses()
        .that()
        .resideInAPackage("io.teleproxy." + part + "..")
        .should()
        .dependOnClassesThat(
            resideInAnyPackage("io.teleproxy..")
                .and(com.tngtech.archunit.base.DescribedPredicate.not(resideInAnyPackage(allowed))))
        .because(part + " may know only " + String.join(", ", allowed));
  }
}
