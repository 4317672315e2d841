package interaction

import (
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// A copy of client/service_config.json, made by tools/generate-clients.
//
//go:embed service_config.json
var serviceConfig string

// TLSFiles are PEM files of a TLS connection. They are read once, by [Connect].
type TLSFiles struct {
	CA          string // whom to trust; empty: the authorities of the system
	Certificate string // the client's own chain and key, for mutual TLS: both or neither
	Key         string
}

// Option says how a gateway is reached.
type Option func(*options)

type options struct {
	target               string
	tls                  *TLSFiles
	tokenFile            string
	apiKeyFile           string
	defaultTimeout       time.Duration
	defaultServiceConfig bool
	makeRequestID        bool
	userAgentPrefix      string
}

// WithTLS speaks TLS with the gateway, or with a proxy in front of it. Without it, plaintext is spoken.
func WithTLS(files TLSFiles) Option { return func(o *options) { o.tls = &files } }

// WithTokenFile names a file with a bearer token (JWT) that says who calls. It is read anew for each call, because tokens
// are replaced while programs run, and sent with TLS only, or to this machine.
func WithTokenFile(path string) Option { return func(o *options) { o.tokenFile = path } }

// WithAPIKeyFile names a file with an API key, which is treated as a token.
func WithAPIKeyFile(path string) Option { return func(o *options) { o.apiKeyFile = path } }

// WithDefaultTimeout sets the time for a call whose context has no deadline. It is 30 seconds without this option.
func WithDefaultTimeout(timeout time.Duration) Option {
	return func(o *options) { o.defaultTimeout = timeout }
}

// WithDefaultServiceConfig(false) leaves gRPC's own defaults: no retries.
func WithDefaultServiceConfig(on bool) Option {
	return func(o *options) { o.defaultServiceConfig = on }
}

// WithMakeRequestID(false) leaves a call the request_id that its request has; without one it is sent once.
func WithMakeRequestID(on bool) Option { return func(o *options) { o.makeRequestID = on } }

// WithUserAgentPrefix sets what comes before gRPC's own user agent.
func WithUserAgentPrefix(prefix string) Option {
	return func(o *options) { o.userAgentPrefix = prefix }
}

func (o *options) check() error {
	if err := checkTarget(o.target); err != nil {
		return err
	}
	if o.defaultTimeout <= 0 {
		return fmt.Errorf("the default timeout must be above 0, not %v", o.defaultTimeout)
	}
	if o.tokenFile != "" && o.apiKeyFile != "" {
		return errors.New("a token and an API key cannot be used together; give one of them")
	}
	if o.tokenFile == "" && o.apiKeyFile == "" {
		return nil
	}
	if o.tls == nil && !isOnThisMachine(o.target) {
		what := "a token"
		if o.tokenFile == "" {
			what = "an API key"
		}
		return fmt.Errorf("%s is not sent to %s without TLS, because others could read it on the way", what, o.target)
	}
	_, _, err := o.credential()
	return err
}

// credential returns name and value of the metadata that says who calls, or nothing.
func (o *options) credential() (name, value string, err error) {
	switch {
	case o.tokenFile != "":
		value, err = readCredential(o.tokenFile, "a token")
		return "authorization", "Bearer " + value, err
	case o.apiKeyFile != "":
		value, err = readCredential(o.apiKeyFile, "an API key")
		return "x-api-key", value, err
	}
	return "", "", nil
}

func readCredential(path, what string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	value := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if !regexp.MustCompile(`^[!-~]+$`).MatchString(value) {
		return "", fmt.Errorf("%s does not hold %s alone: printable characters without blanks, on one line", path, what)
	}
	return value, nil
}

func (o *options) dialOptions(retried bool) ([]grpc.DialOption, error) {
	transport, err := transportCredentials(o.tls)
	if err != nil {
		return nil, err
	}
	result := []grpc.DialOption{grpc.WithTransportCredentials(transport), grpc.WithNoProxy()}
	if o.userAgentPrefix != "" {
		result = append(result, grpc.WithUserAgent(o.userAgentPrefix))
	}
	if !o.defaultServiceConfig {
		return append(result, grpc.WithDisableRetry()), nil
	}
	if !retried {
		return append(result, grpc.WithDisableRetry(), grpc.WithDefaultServiceConfig(serviceConfig)), nil
	}
	return append(result, grpc.WithDefaultServiceConfig(serviceConfig), grpc.WithStatsHandler(attemptWatch{})), nil
}

func transportCredentials(files *TLSFiles) (credentials.TransportCredentials, error) {
	if files == nil {
		return insecure.NewCredentials(), nil
	}
	if (files.Certificate == "") != (files.Key == "") {
		return nil, errors.New("a client certificate and its key must be given together")
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if files.CA != "" {
		pem, err := os.ReadFile(files.CA)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s does not contain PEM certificates", files.CA)
		}
	}
	if files.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(files.Certificate, files.Key)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
			return nil, err
		}
		if err != nil {
			return nil, fmt.Errorf("%s and %s are not a PEM certificate and its key without a passphrase: %w",
				files.Certificate, files.Key, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return credentials.NewTLS(config), nil
}

// isOnThisMachine tells whether what is sent to the target stays on this machine.
func isOnThisMachine(target string) bool {
	if strings.HasPrefix(target, "unix:") || strings.HasPrefix(target, "unix-abstract:") {
		return true
	}
	host, _, err := net.SplitHostPort(hostPort(target))
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// hostPort returns what a target names without its scheme.
func hostPort(target string) string {
	for _, scheme := range []string{"dns:", "passthrough:"} {
		rest, found := strings.CutPrefix(target, scheme)
		if !found {
			continue
		}
		if rest, found = strings.CutPrefix(rest, "//"); found {
			_, rest, _ = strings.Cut(rest, "/")
		}
		return rest
	}
	return target
}

func checkTarget(target string) error {
	wrong := func(why, example string) error {
		return fmt.Errorf("'%s' is not an address: %s; for example %s", target, why, example)
	}
	if target == "" {
		return errors.New("no address; for example 127.0.0.1:50051")
	}
	if url := regexp.MustCompile(`^(?:https?|grpcs?)://([^/]*)`).FindStringSubmatch(target); url != nil {
		example := url[1]
		if !regexp.MustCompile(`:\d+$`).MatchString(example) {
			example += ":50051"
		}
		return wrong("a URL is not accepted here", example)
	}
	for _, scheme := range []string{"unix:", "unix-abstract:", "vsock:", "xds:"} {
		rest, found := strings.CutPrefix(target, scheme)
		if found && strings.Trim(rest, "/") == "" {
			return wrong("the path is missing", "unix:/run/interaction.sock")
		}
		if found {
			return nil
		}
	}
	text := hostPort(target)
	if strings.Count(text, ":") > 1 && !strings.HasPrefix(text, "[") {
		return wrong("the IPv6 address has no brackets", "[::1]:50051")
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return wrong("the port is missing", text+":50051")
	}
	if host == "" {
		return wrong("the host is missing", "127.0.0.1:50051")
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
		return wrong("the port must be a number from 1 to 65535", net.JoinHostPort(host, "50051"))
	}
	return nil
}
