# The operator: what requirements/run.txt locks is the base and the extra `operator`. The build needs no network: .build/site holds its dependencies, put there by `cluster/up` with
#   uv pip install --target .build/site --python-version 3.13 --only-binary :all: --require-hashes -r requirements/run.txt
# which fits images with that Python (BASE_IMAGE).
ARG BASE_IMAGE=python:3.13-slim

# Bytecode is made here: the root file system is read-only when it runs, and a start must not wait for a compiler.
# Its validity is not checked against the sources, whose times an image does not keep.
FROM ${BASE_IMAGE} AS compiled
# In layers of their own, since dependencies change seldom and are most of the image.
COPY .build/site /app/site
RUN python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /app/site
COPY operator/crossfade /app/operator/crossfade
RUN python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /app/operator

FROM ${BASE_IMAGE}
COPY --from=compiled /app/site /app/site
COPY --from=compiled /app/operator /app/operator
ENV PYTHONPATH=/app/operator:/app/site PYTHONUNBUFFERED=1
# Proves that every module imports, and leaves the bytecode of those of the standard library (python:slim has none).
RUN python3 -m crossfade.controller --help >/dev/null
# Large blocks (lists of objects as they arrive) go back to the system when they are free; else they stay in the heap.
ENV PYTHONDONTWRITEBYTECODE=1 MALLOC_MMAP_THRESHOLD_=131072
# By number, so that `runAsNonRoot` can be checked without the image.
USER 65532:65532
EXPOSE 8080 8081
ENTRYPOINT ["python3", "-m", "crossfade.controller"]
