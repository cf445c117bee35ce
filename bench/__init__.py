"""Measures what users of a workload see while its version changes: requests, losses, seconds.

shop/        the sample application and its image
load/        the client that runs beside it and writes one line per request
analysis     what those lines mean; pure
metrics_api  stands in for metrics-server where an autoscaler acts
scenarios/   one rollout story each, used by the tests on the kind cluster and by the bench alike
"""
