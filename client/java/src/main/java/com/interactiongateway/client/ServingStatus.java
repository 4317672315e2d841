package com.interactiongateway.client;

/** An answer of grpc.health.v1.Health. */
public enum ServingStatus {
  UNKNOWN,
  SERVING,
  NOT_SERVING
}
