package io.teleproxy.doctor;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.teleproxy.spi.Finding;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Findings as programs read them: {@code check, verdict, found, remedy}. */
public final class FindingJson {
  private FindingJson() {}

  public static JsonArray write(List<Finding> findings) {
    JsonArray array = new JsonArray();
    for (Finding finding : findings) {
      JsonObject one = new JsonObject();
      one.addProperty("check", finding.check());
      one.addProperty("verdict", finding.verdict().name().toLowerCase(Locale.ROOT));
      one.addProperty("found", finding.found());
      one.addProperty("remedy", finding.remedy());
      array.add(one);
    }
    return array;
  }

  /** What {@link #write} has written. */
  public static List<Finding> read(JsonArray array) {
    List<Finding> findings = new ArrayList<>();
    for (JsonElement element : array) {
      JsonObject one = element.getAsJsonObject();
      findings.add(
          new Finding(
              one.get("check").getAsString(),
              Finding.Verdict.valueOf(one.get("verdict").getAsString().toUpperCase(Locale.ROOT)),
              one.get("found").getAsString(),
              one.get("remedy").getAsString()));
    }
    return findings;
  }
}
