# The portal as one static file in an image without a shell, run by nobody in particular.

FROM node:20-bookworm-slim AS packages
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=packages /src/node_modules node_modules
RUN go run ./static/build \
 && CGO_ENABLED=0 go build -trimpath -ldflags=-s -o /out/web ./cmd/web \
 && mkdir /out/data

# Holds certificates and a user of its own, and nothing else.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/web /web
COPY --from=build --chown=nonroot:nonroot /out/data /data
WORKDIR /data
VOLUME /data
EXPOSE 8080
# With PUBLIC_URL on localhost the portal listens inside the container only: set LISTEN_ADDR=:8080.
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["/web", "-healthcheck"]
ENTRYPOINT ["/web"]
