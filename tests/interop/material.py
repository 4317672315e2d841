"""What callers prove who they are with: certificates, tokens, API keys, and the policy that knows them."""
import base64
import hashlib
import json
import os
import subprocess
import time

API_KEY = "a-key-of-the-test"
POLICY = """callers:
  - name: all
    identities: ["certificate:spiffe://example.org/billing", "token:billing", "api_key:billing"]
    rpcs: [CreateVspInteraction]
"""


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, input=data).stdout


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Material:
    """A folder with an authority, certificates, a key that signs tokens, and what the server wants to know of them."""

    def __init__(self, folder):
        self.folder = folder
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=Test authority", "-keyout", self.file("ca.key"), "-out", self.file("ca.pem"))
        self.issue("server", "DNS:localhost,IP:127.0.0.1")
        self.issue("billing", "URI:spiffe://example.org/billing")
        self.issue("sales", "URI:spiffe://example.org/sales")
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.file("token.key"))
        modulus = openssl("rsa", "-in", self.file("token.key"), "-noout", "-modulus").decode().strip().split("=")[1]
        key = {"kty": "RSA", "kid": "one", "n": base64url(bytes.fromhex(modulus)), "e": "AQAB"}
        self.write("jwks.json", json.dumps({"keys": [key]}))
        self.write("policy.yaml", POLICY)
        digest = hashlib.sha256(API_KEY.encode()).hexdigest()
        self.write("keys.yaml", f"api_keys:\n  - name: billing\n    sha256: {digest}\n")
        self.write("api-key", API_KEY)
        self.write("token", self.token())
        self.write("app-access-key", "key-of-the-gateway")

    def file(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.file(name), "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, name):
        with open(self.file(name), "rb") as file:
            return file.read()

    def issue(self, name, names):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout",
                self.file(f"{name}.key"), "-out", self.file(f"{name}.csr"))
        self.write("names", f"subjectAltName={names}\n")
        openssl("x509", "-req", "-in", self.file(f"{name}.csr"), "-CA", self.file("ca.pem"), "-CAkey", self.file("ca.key"),
                "-CAcreateserial", "-days", "2", "-extfile", self.file("names"), "-out", self.file(f"{name}.pem"))

    def token(self, subject="billing", expires_in=300):
        claims = {"iss": "https://issuer.test/", "aud": "gateway", "sub": subject, "exp": int(time.time()) + expires_in}
        text = ".".join(base64url(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": "one"}, claims))
        return f"{text}.{base64url(openssl('dgst', '-sha256', '-sign', self.file('token.key'), data=text.encode()))}"
