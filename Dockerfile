# One static binary, nobody's user, no shell.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /canarybot ./cmd/canarybot \
    && mkdir -p /var/lib/canarybot

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65532:65532 /var/lib/canarybot /var/lib/canarybot
COPY --from=build /canarybot /canarybot
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/canarybot"]
CMD ["run", "--config", "/etc/canarybot/canarybot.yaml"]
