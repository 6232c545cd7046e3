package io.teleproxy.plugin.docker;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which container an event is about, as Docker 24 and Podman 4.3 tell them. */
class EventTest {
  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '|',
      delimiter = ';',
      value = {
        "{'Type':'container','Action':'start','Actor':{'ID':'abc','Attributes':{'name':'web'}}}; abc",
        "{'Type':'container','Action':'die','Actor':{'ID':'abc'}}; abc",
        "{'Type':'container','Action':'destroy','Actor':{'ID':'abc'}}; abc",
        "{'Type':'container','Action':'rename','Actor':{'ID':'abc'}}; abc",
        "{'Type':'network','Action':'connect','Actor':{'ID':'net','Attributes':{'container':'abc'}}}; abc",
        "{'Type':'network','Action':'disconnect','Actor':{'ID':'abc','Attributes':{'name':'two'}}}; abc",
        "{'Type':'container','Action':'exec_start: sh','Actor':{'ID':'abc'}}; ||",
        "{'Type':'container','Action':'health_status: healthy','Actor':{'ID':'abc'}}; ||",
        "{'status':'odd'}; ||",
      })
  void namesTheContainerThatHasChanged(String event, String container) {
    assertThat(
            ContainerJson.changed(
                JsonParser.parseString(event.replace('\'', '"')).getAsJsonObject()))
        .isEqualTo(container);
  }
}
