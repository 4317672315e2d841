package com.interactiongateway.client;

/** What became of a call. A call that returns has been applied. */
public enum Outcome {
  APPLIED,
  /**
   * Nothing was opened, so sending the call again cannot open a second interaction. The reason says whether it can succeed: many
   * calls fail again until something is corrected.
   */
  NOT_APPLIED,
  /**
   * An interaction may have been opened. With a request_id, send the same request again: the gateway never sends it twice. Without
   * one, check at the vendor first; likewise if the reason is OUTCOME_UNKNOWN, or if the metadata's "idempotency" is "bypassed".
   */
  UNKNOWN;

  /** As the gateway spells it in the metadata of an error. */
  static Outcome of(String text) {
    if ("applied".equals(text)) return APPLIED;
    return "not_applied".equals(text) ? NOT_APPLIED : UNKNOWN;
  }

  @Override
  public String toString() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
