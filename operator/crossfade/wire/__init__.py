"""What goes over the wire to an API server, without the official client: where objects are, what a refusal says.

`resources` knows the paths, `errors` reads refusals; `cluster` needs both. `kubeconfig`, `http` and `direct` are the
command line's own way to the server, by the standard library alone: importing the official client and aiohttp takes 0.3 s,
importing these 10 ms. Only what a plain kubeconfig needs is here (certificates, tokens, whom it impersonates); where it names a program that logs
in, a proxy or anything else, the command line takes `cluster`.

Nothing here imports aiohttp, kubernetes or pydantic. What does not belong here: what to ask, and when.
"""
