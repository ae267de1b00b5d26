# The portal as one static file in an image without a shell, run by nobody in particular.
#
# The images that this builds on are pinned by version. Whoever has their registry at hand pins them by digest:
#   make image IMAGE_ARGS="--build-arg BASE_IMAGE=gcr.io/distroless/static-debian12:nonroot@sha256:…"
ARG NODE_IMAGE=docker.io/library/node:20-bookworm-slim
ARG GO_IMAGE=docker.io/library/golang:1.26-bookworm
# Holds certificates and a user of its own, and nothing else.
ARG BASE_IMAGE=gcr.io/distroless/static-debian12:nonroot

FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS packages
ARG NPM_REGISTRY=https://registry.npmjs.org/
WORKDIR /src
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm \
    npm ci --omit=dev --no-audit --no-fund --registry="$NPM_REGISTRY"

FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
ARG GOPROXY=https://proxy.golang.org,direct
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod \
    go mod download
COPY . .
COPY --from=packages /src/node_modules node_modules
# Modules and what was compiled are kept by the builder and are no part of any image.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go run ./static/build
ARG TARGETOS
ARG TARGETARCH
ARG VERSION
ARG REVISION
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -o /out/web \
      -ldflags "-s -X gitlab-agent-portal/internal/portal.version=$VERSION -X gitlab-agent-portal/internal/portal.revision=$REVISION" \
      ./cmd/web
# OpenShift runs an image as a user of its choice, whose group is 0.
RUN mkdir -p /out/volume/data && chmod 2770 /out/volume/data

FROM ${BASE_IMAGE}
ARG BASE_IMAGE
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="GitLab Agent Portal" \
      org.opencontainers.image.description="One place for a team's GitLab agents for Kubernetes and their tokens" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="$BASE_IMAGE"
COPY --from=build /out/web /web
# What is in a copied folder keeps its mode, which the folder itself may not.
COPY --from=build --chown=65532:0 /out/volume/ /
USER 65532
WORKDIR /data
VOLUME /data
EXPOSE 8080
# With PUBLIC_URL on localhost the portal listens inside the container only: set LISTEN_ADDR=:8080.
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["/web", "-healthcheck"]
ENTRYPOINT ["/web"]
