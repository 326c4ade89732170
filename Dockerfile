# One static binary, nobody's user, no shell, and no base image that could change: all that is in it was built by
# `make release` from modules that go.sum knows. `make image` does both.
FROM scratch
ARG TARGETARCH=amd64
COPY --chown=65532:65532 bin/release/empty /var/lib/canarybot
COPY bin/release/canarybot-linux-${TARGETARCH} /canarybot
COPY bin/release/LICENSES.txt /
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/canarybot"]
CMD ["run", "--config", "/etc/canarybot/canarybot.yaml"]
