package io.teleproxy.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.teleproxy.config.Configuration;
import io.teleproxy.config.ConfigurationReader;
import io.teleproxy.config.Flags;
import io.teleproxy.config.HostEnvironment;
import io.teleproxy.spi.Finding;
import io.teleproxy.spi.Finding.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunningKubeconfigTest {
  @TempDir Path folder;
  private final Flags flags = new Flags();
  private Path file;
  private final long owner = HostEnvironment.current().uid();

  @BeforeEach
  void kubeconfig() throws IOException {
    file = Files.createFile(folder.resolve("kubeconfig"));
  }

  @Test
  void whatTheRunningOneUsesIsLookedAt() {
    Finding finding = RunningKubeconfig.adopt(status(file), flags, owner);
    assertThat(finding.verdict()).as("%s", finding).isEqualTo(Verdict.OK);
    Configuration read = ConfigurationReader.read(flags, HostEnvironment.current());
    assertThat(read.settings("kubernetes").string("kubeconfig")).contains(file.toString());
    assertThat(read.settings("kubernetes").string("context")).contains("lab");
  }

  @Test
  void aFileThatIsNotThereForUsIsNamedAndNotLookedAt() {
    Path gone = folder.resolve("gone");
    Finding finding = RunningKubeconfig.adopt(status(gone), flags, owner);
    assertThat(finding.verdict()).isEqualTo(Verdict.NOTE);
    assertThat(finding.found()).contains(gone.toString(), "is not there");
  }

  @Test
  void rootReadsNoFileOfAUserWhichMayNamePrograms() throws IOException {
    assumeTrue(file.getFileSystem().supportedFileAttributeViews().contains("unix"), "no root here");
    if (owner == 0) {
      Files.setAttribute(file, "unix:uid", 65534);
    }
    Finding finding = RunningKubeconfig.adopt(status(file), flags, 0);
    assertThat(finding.found()).contains("belongs to another user");
    assertThat(finding.remedy()).contains("as the user for whom it runs");
  }

  @Test
  void whoUsesNoneSaysSo() {
    JsonObject demo = JsonParser.parseString("{'components': [{'name': 'dns'}]}").getAsJsonObject();
    assertThat(RunningKubeconfig.adopt(demo, flags, owner).found()).contains("uses none");
  }

  private static JsonObject status(Path file) {
    JsonObject status =
        JsonParser.parseString(
                "{'components': [{'name': 'watcher kubernetes', 'details':"
                    + " {'context': 'lab', 'namespace': 'shop'}}]}")
            .getAsJsonObject();
    JsonObject watcher = status.getAsJsonArray("components").get(0).getAsJsonObject();
    watcher.getAsJsonObject("details").addProperty("kubeconfig", file.toString());
    return status;
  }
}
