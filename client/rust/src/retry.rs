//! Retries as src/service_config.json says, a copy of client/service_config.json, because tonic has none: gRPC's retry
//! policy, its throttling, and the gateway's `grpc-retry-pushback-ms`.

use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;
use tonic::{Code, Status};

const SERVICE_CONFIG: &str = include_str!("service_config.json");

pub(crate) struct Retry {
    max_attempts: u64,
    initial_backoff: Duration,
    max_backoff: Duration,
    backoff_multiplier: f64,
    retryable: Vec<Value>,
    max_tokens: f64,
    token_ratio: f64,
    tokens: Mutex<f64>,
}

impl Retry {
    pub(crate) fn by_service_config() -> Self {
        let config: Value = serde_json::from_str(SERVICE_CONFIG).expect("the service config is JSON");
        let policy = &config["methodConfig"][0]["retryPolicy"];
        let throttling = &config["retryThrottling"];
        let max_tokens = throttling["maxTokens"].as_f64().expect("maxTokens");
        Self {
            max_attempts: policy["maxAttempts"].as_u64().expect("maxAttempts"),
            initial_backoff: seconds(&policy["initialBackoff"]),
            max_backoff: seconds(&policy["maxBackoff"]),
            backoff_multiplier: policy["backoffMultiplier"].as_f64().expect("backoffMultiplier"),
            retryable: policy["retryableStatusCodes"].as_array().expect("retryableStatusCodes").clone(),
            max_tokens,
            token_ratio: throttling["tokenRatio"].as_f64().expect("tokenRatio"),
            tokens: Mutex::new(max_tokens),
        }
    }

    pub(crate) fn succeeded(&self) {
        let mut tokens = self.tokens.lock().expect("never poisoned");
        *tokens = (*tokens + self.token_ratio).min(self.max_tokens);
    }

    /// How long to wait before the next attempt, after so many that failed, the last one with this status. None: no more.
    pub(crate) fn next(&self, attempts: u64, code: Code, status: &Status) -> Option<Duration> {
        let pushback = status
            .metadata()
            .get("grpc-retry-pushback-ms")
            .map(|value| value.to_str().ok().and_then(|text| text.parse::<u64>().ok()).map(Duration::from_millis));
        let retryable = self.retryable.iter().any(|name| *name == name_of(code));
        let mut tokens = self.tokens.lock().expect("never poisoned");
        if retryable || pushback == Some(None) {
            *tokens = (*tokens - 1.0).max(0.0);
        }
        if !retryable || attempts >= self.max_attempts || *tokens <= self.max_tokens / 2.0 {
            return None;
        }
        // A pushback that is no number forbids another attempt.
        pushback.unwrap_or_else(|| Some(self.backoff(attempts)))
    }

    fn backoff(&self, attempts: u64) -> Duration {
        let factor = self.backoff_multiplier.powi(attempts.saturating_sub(1) as i32);
        self.initial_backoff.mul_f64(factor).min(self.max_backoff).mul_f64(0.8 + 0.4 * fastrand::f64())
    }
}

/// "0.1s"
fn seconds(text: &Value) -> Duration {
    let number = text.as_str().and_then(|text| text.strip_suffix('s')).and_then(|text| text.parse().ok());
    Duration::from_secs_f64(number.expect("seconds such as 0.1s"))
}

fn name_of(code: Code) -> &'static str {
    match code {
        Code::Unavailable => "UNAVAILABLE",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::Aborted => "ABORTED",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::metadata::MetadataMap;

    fn unavailable(pushback: Option<&str>) -> Status {
        let mut metadata = MetadataMap::new();
        if let Some(value) = pushback {
            metadata.insert("grpc-retry-pushback-ms", value.parse().unwrap());
        }
        Status::with_metadata(Code::Unavailable, "", metadata)
    }

    #[test]
    fn the_wait_doubles_and_varies_by_a_fifth() {
        let retry = Retry::by_service_config();
        for (attempts, wanted) in [(1, 0.1), (2, 0.2)] {
            let wait = retry.next(attempts, Code::Unavailable, &unavailable(None)).unwrap().as_secs_f64();
            assert!((0.8 * wanted..=1.2 * wanted).contains(&wait), "{wait}");
        }
        assert_eq!(retry.next(3, Code::Unavailable, &unavailable(None)), None);
    }

    #[test]
    fn only_unavailable_is_tried_again() {
        let retry = Retry::by_service_config();
        assert_eq!(retry.next(1, Code::Unknown, &Status::unknown("")), None);
        assert_eq!(retry.next(1, Code::DeadlineExceeded, &Status::deadline_exceeded("")), None);
    }

    #[test]
    fn the_gateway_says_when_or_never() {
        let retry = Retry::by_service_config();
        let wait = |pushback| retry.next(1, Code::Unavailable, &unavailable(Some(pushback)));
        assert_eq!(wait("250"), Some(Duration::from_millis(250)));
        assert_eq!(wait("-1"), None);
    }

    #[test]
    fn when_most_calls_fail_none_is_tried_again() {
        let retry = Retry::by_service_config();
        let allowed = (0..20).filter(|_| retry.next(1, Code::Unavailable, &unavailable(None)).is_some()).count();
        assert_eq!(allowed, 4); // of 10 tokens, more than 5 must be left
        (0..70).for_each(|_| retry.succeeded());
        assert!(retry.next(1, Code::Unavailable, &unavailable(None)).is_some());
    }
}
