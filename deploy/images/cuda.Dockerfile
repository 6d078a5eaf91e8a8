# The service on NVIDIA GPUs: the image of ./Dockerfile on a base with CUDA 13 and cuDNN 9, and onnxruntime's CUDA provider.
#
#   docker build -f deploy/images/cuda.Dockerfile --build-arg SERVICE=inferometer -t inferometer:cuda .
#
# linux/amd64 only: the provider is not published for other machines.

# The image of ./Dockerfile, on a base whose glibc is not newer than that of BASE.
ARG SERVICE=ghcr.io/inferometer/inferometer:0.1.0
# CUDA 13's runtime libraries and cuDNN 9, as this release of onnxruntime was built with.
ARG BASE=docker.io/nvidia/cuda:13.0.1-cudnn-runtime-ubuntu24.04

FROM ${BASE} AS base

FROM ${SERVICE} AS providers
USER 0
COPY deploy/images /build/deploy/images
# An index of Python packages: the provider is taken out of the wheel of the same release, whose hash is pinned.
ARG PYTHON_INDEX=https://pypi.org/simple
RUN --mount=type=cache,target=/var/cache/wheels --mount=type=secret,id=ca NODE_EXTRA_CA_CERTS=/run/secrets/ca \
  node /build/deploy/images/cuda/fetch-provider.ts ${PYTHON_INDEX} /var/cache/wheels /image/app/node_modules/onnxruntime-node
COPY --from=base /var/lib/dpkg/status* /base/dpkg/
COPY --from=base /usr/lib/os-release /base/os-release
ARG SOURCE_DATE_EPOCH=0
RUN node /build/deploy/images/cuda/complete.ts /usr/share/sbom/inferometer.spdx.json /image /base

FROM scratch AS sbom
COPY --from=providers /image/usr/share/sbom/ /

FROM ${BASE}
COPY --from=providers /usr/local/bin/node /usr/local/bin/inferometer /usr/local/bin/
COPY --from=providers /app /app
COPY --from=providers /image/ /
ENV NODE_ENV=production \
  HOME=/tmp \
  INFEROMETER_HOST=0.0.0.0 \
  INFEROMETER_DEVICE=cuda
WORKDIR /app
USER 65532:65532
EXPOSE 8080 9464
ENTRYPOINT ["/usr/local/bin/node", "/app/packages/server/bin/inferometer.js", "serve"]
CMD []
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG BASE
LABEL org.opencontainers.image.title="Inferometer with CUDA" \
  org.opencontainers.image.description="A traced, scraped, batched inference service, on NVIDIA GPUs" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.source="https://github.com/inferometer/inferometer" \
  org.opencontainers.image.documentation="https://github.com/inferometer/inferometer/blob/main/docs/images.md" \
  org.opencontainers.image.base.name="${BASE}" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
