# The operator. The build needs no network: .build/site holds its dependencies, put there by `cluster/up` with
#   uv pip install --target .build/site --python-version 3.13 --only-binary :all: --require-hashes -r requirements/run.txt
# which fits images with that Python (BASE_IMAGE).
ARG BASE_IMAGE=python:3.13-slim

FROM ${BASE_IMAGE} AS compiled
COPY .build/site /app/site
COPY operator/crossfade /app/operator/crossfade
# Bytecode is made here: the root file system is read-only when it runs, and a start must not wait for a compiler.
# Its validity is not checked against the sources, whose times an image does not keep.
RUN python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /app

FROM ${BASE_IMAGE}
COPY --from=compiled /app /app
ENV PYTHONPATH=/app/operator:/app/site PYTHONUNBUFFERED=1
# Proves that every module imports, and leaves the bytecode of those of the standard library (python:slim has none).
RUN python3 -m crossfade.controller --help >/dev/null
ENV PYTHONDONTWRITEBYTECODE=1
# By number, so that `runAsNonRoot` can be checked without the image.
USER 65532:65532
EXPOSE 8080 8081
ENTRYPOINT ["python3", "-m", "crossfade.controller"]
