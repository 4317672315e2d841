package com.interactiongateway.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What one call has of its own. Immutable; begin with {@link #NONE} or {@link #timeout}. */
public final class CallOptions {
  /** The client's default timeout, and no metadata. */
  public static final CallOptions NONE = new CallOptions(null, List.of());

  record Entry(String name, String text, byte[] bytes) {}

  final Duration timeout;
  final List<Entry> metadata;

  private CallOptions(Duration timeout, List<Entry> metadata) {
    this.timeout = timeout;
    this.metadata = metadata;
  }

  /** For the whole call, its retries included. */
  public static CallOptions timeout(Duration timeout) {
    return NONE.withTimeout(timeout);
  }

  /** For the whole call, its retries included. */
  public CallOptions withTimeout(Duration timeout) {
    return new CallOptions(timeout, metadata);
  }

  /** Sends metadata with the call. */
  public CallOptions withMetadata(String name, String value) {
    return with(new Entry(name, value, null));
  }

  /** Sends binary metadata with the call; the name ends in "-bin". */
  public CallOptions withMetadata(String name, byte[] value) {
    return with(new Entry(name, null, value.clone()));
  }

  private CallOptions with(Entry entry) {
    List<Entry> all = new ArrayList<>(metadata);
    all.add(entry);
    return new CallOptions(timeout, List.copyOf(all));
  }
}
