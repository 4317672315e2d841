"""Retries as service_config.json says, made here and not by gRPC, which does not tell what became of each attempt: an attempt
that got no answer leaves the outcome unknown, also where the gateway refuses the next one."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Sequence
from importlib import resources
from typing import Any, Optional

import grpc

SERVICE = "interaction.v1.InteractionService"


def service_config() -> Any:
    text = resources.files("interaction_gateway").joinpath("service_config.json").read_text(encoding="utf-8")
    return json.loads(text)


def service_config_of_grpc() -> str:
    """What is left to gRPC: health checks, and how calls are spread over addresses."""
    config = service_config()
    for method in config["methodConfig"]:
        method["name"] = [name for name in method["name"] if name["service"] != SERVICE]
    return json.dumps(config)


class Retry:
    """gRPC's retry policy and its throttling, for all calls of a client."""

    def __init__(self, random_number: Any = random.random) -> None:
        config = service_config()
        (policy,) = (
            method["retryPolicy"]
            for method in config["methodConfig"]
            if {"service": SERVICE} in method["name"]
        )
        self._max_attempts: int = policy["maxAttempts"]
        self._initial_backoff = float(policy["initialBackoff"].removesuffix("s"))
        self._max_backoff = float(policy["maxBackoff"].removesuffix("s"))
        self._multiplier: float = policy["backoffMultiplier"]
        self._retryable = {grpc.StatusCode[name] for name in policy["retryableStatusCodes"]}
        self._max_tokens: float = config["retryThrottling"]["maxTokens"]
        self._token_ratio: float = config["retryThrottling"]["tokenRatio"]
        self._tokens = self._max_tokens
        self._lock = threading.Lock()
        self._random = random_number

    def succeeded(self) -> None:
        with self._lock:
            self._tokens = min(self._tokens + self._token_ratio, self._max_tokens)

    def wait(self, attempts: int, code: grpc.StatusCode, trailers: Sequence[tuple[str, Any]]) -> Optional[float]:
        """Seconds until the next attempt, after so many that failed, the last one with this code. None: no more."""
        pushback = dict(trailers).get("grpc-retry-pushback-ms")
        forbidden = pushback is not None and not str(pushback).isdecimal()
        retryable = code in self._retryable
        with self._lock:
            if retryable or forbidden:
                self._tokens = max(self._tokens - 1, 0)
            throttled = self._tokens <= self._max_tokens / 2
        if not retryable or forbidden or throttled or attempts >= self._max_attempts:
            return None
        if pushback is not None:
            return int(pushback) / 1000
        backoff = min(self._initial_backoff * self._multiplier ** (attempts - 1), self._max_backoff)
        return float(backoff * (0.8 + 0.4 * self._random()))
