package com.interactiongateway.client;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.grpc.Metadata;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Retries as service_config.json says, made here and not by gRPC, which does not tell what became of each attempt: an attempt
 * that got no answer leaves the outcome unknown, also where the gateway refuses the next one. gRPC's retry policy and its
 * throttling, for all calls of a client.
 */
final class Retry {
  private static final Metadata.Key<String> PUSHBACK =
      Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER);

  private final int maxAttempts;
  private final double initialBackoff;
  private final double maxBackoff;
  private final double multiplier;
  private final Set<String> retryable = new HashSet<>();
  private final double maxTokens;
  private final double tokenRatio;
  private double tokens;

  Retry() {
    JsonObject config = serviceConfig();
    JsonObject policy = policyOfService(config);
    maxAttempts = policy.get("maxAttempts").getAsInt();
    initialBackoff = seconds(policy.get("initialBackoff"));
    maxBackoff = seconds(policy.get("maxBackoff"));
    multiplier = policy.get("backoffMultiplier").getAsDouble();
    policy.getAsJsonArray("retryableStatusCodes").forEach(code -> retryable.add(code.getAsString()));
    maxTokens = config.getAsJsonObject("retryThrottling").get("maxTokens").getAsDouble();
    tokenRatio = config.getAsJsonObject("retryThrottling").get("tokenRatio").getAsDouble();
    tokens = maxTokens;
  }

  /** What is left to gRPC: health checks, and how calls are spread over addresses. */
  static Map<String, ?> serviceConfigOfGrpc() {
    JsonObject config = serviceConfig();
    for (JsonElement method : config.getAsJsonArray("methodConfig")) {
      JsonArray kept = new JsonArray();
      for (JsonElement name : method.getAsJsonObject().getAsJsonArray("name")) {
        if (!isOfService(name)) kept.add(name);
      }
      method.getAsJsonObject().add("name", kept);
    }
    @SuppressWarnings("unchecked")
    Map<String, ?> map = new Gson().fromJson(config, Map.class);
    return map;
  }

  synchronized void succeeded() {
    tokens = Math.min(tokens + tokenRatio, maxTokens);
  }

  /** How long to wait for the next attempt, after so many that failed, the last one with this code. Empty: no more. */
  synchronized Optional<Duration> next(int attempts, Status.Code code, Metadata trailers) {
    String pushback = trailers == null ? null : trailers.get(PUSHBACK);
    boolean forbidden = pushback != null && !pushback.matches("\\d{1,9}");
    boolean mayRetry = retryable.contains(code.name());
    if (mayRetry || forbidden) tokens = Math.max(tokens - 1, 0);
    if (!mayRetry || forbidden || tokens <= maxTokens / 2 || attempts >= maxAttempts) return Optional.empty();
    if (pushback != null) return Optional.of(Duration.ofMillis(Long.parseLong(pushback)));
    double backoff = Math.min(initialBackoff * Math.pow(multiplier, attempts - 1), maxBackoff);
    return Optional.of(Duration.ofNanos((long) (backoff * 1e9 * (0.8 + 0.4 * ThreadLocalRandom.current().nextDouble()))));
  }

  private static JsonObject policyOfService(JsonObject config) {
    for (JsonElement method : config.getAsJsonArray("methodConfig")) {
      for (JsonElement name : method.getAsJsonObject().getAsJsonArray("name")) {
        if (isOfService(name)) return method.getAsJsonObject().getAsJsonObject("retryPolicy");
      }
    }
    throw new IllegalStateException("service_config.json has no policy for " + CallException.DOMAIN);
  }

  private static boolean isOfService(JsonElement name) {
    return name.getAsJsonObject().get("service").getAsString().equals(CallException.DOMAIN);
  }

  private static double seconds(JsonElement duration) {
    return Double.parseDouble(duration.getAsString().replaceFirst("s$", ""));
  }

  private static JsonObject serviceConfig() {
    try (InputStream in = Retry.class.getResourceAsStream("service_config.json")) {
      return new Gson().fromJson(new InputStreamReader(in, StandardCharsets.UTF_8), JsonObject.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
