// Makes one call with a message that is given as it is, and prints the gRPC code: what a client in Go needs to connect.
//
//	go-client ADDRESS METHOD MESSAGE_IN_HEX CA [CERT KEY] [-- NAME VALUE]...
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Passes messages through as bytes.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (rawCodec) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}
func (rawCodec) Name() string { return "proto" }

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	address, method, ca := os.Args[1], os.Args[2], os.Args[4]
	message, err := hex.DecodeString(os.Args[3])
	must(err)
	rest := os.Args[5:]
	pem, err := os.ReadFile(ca)
	must(err)
	config := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "localhost"}
	config.RootCAs.AppendCertsFromPEM(pem)
	if len(rest) >= 2 && rest[0] != "--" {
		pair, err := tls.LoadX509KeyPair(rest[0], rest[1])
		must(err)
		config.Certificates = []tls.Certificate{pair}
		rest = rest[2:]
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for ; len(rest) >= 3; rest = rest[3:] {
		ctx = metadata.AppendToOutgoingContext(ctx, rest[1], rest[2])
	}
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	must(err)
	defer connection.Close()
	var reply []byte
	err = connection.Invoke(ctx, method, &message, &reply, grpc.ForceCodec(rawCodec{}))
	fmt.Println(status.Code(err))
}
