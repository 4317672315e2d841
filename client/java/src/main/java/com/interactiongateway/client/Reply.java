package com.interactiongateway.client;

/**
 * The answer to a call that was applied.
 *
 * @param message the gateway's answer
 * @param requestId that of the call, whoever made it
 * @param replayed the answer to an earlier call with the same request_id: nothing new was opened
 * @param bypassed the gateway could not keep the request_id: repeating the call may open a second interaction
 */
public record Reply<T>(T message, String requestId, boolean replayed, boolean bypassed) {}
