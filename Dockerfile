# The image of the gateway: interaction-server, interaction-sandbox and interactionctl, with the libraries that they need and nothing else;
# no shell, no package manager. deploy/image/README.md says how it is built and tried.
#
#   docker build -t interaction-gateway --build-arg COMMIT=$(git rev-parse --short HEAD) .

FROM debian:bookworm AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /source
# The dependencies first, so that they are a layer of their own.
COPY tools/install-dependencies tools/
RUN tools/install-dependencies && apt-get install -y -q --no-install-recommends python3=3.11.* && rm -rf /var/lib/apt/lists/*
COPY . .
ARG COMMIT=unknown
RUN cmake --preset release -DINTERACTION_COMMIT="$COMMIT" --log-level=NOTICE && \
    cmake --build --preset release && \
    DESTDIR=/installed cmake --install build/release --prefix /usr --strip
RUN python3 deploy/image/collect_root.py --root /image --name interaction-gateway --commit "$COMMIT" \
      --static libgrpc-dev --static libgrpc++-dev --static libprotobuf-dev --static libabsl-dev \
      /installed/usr/bin/interaction-server /installed/usr/bin/interaction-sandbox /installed/usr/bin/interactionctl

FROM scratch
ARG COMMIT=unknown
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Interaction Gateway" \
      org.opencontainers.image.description="gRPC service that opens interactions at SeeThePro and wolkvox" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT"
COPY --from=build /image/ /
# Nothing is written: the root may be read-only.
USER 65532:65532
ENV PATH=/usr/bin INTERACTION_CONFIG=/etc/interaction-gateway/config/interaction-server.yaml
EXPOSE 50051 9464
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["interaction-server", "--health"]
ENTRYPOINT ["interaction-server"]
