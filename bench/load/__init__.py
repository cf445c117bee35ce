"""Steady HTTP load whose every request leaves a record: when, how it ended, and who answered.

Kinds of load, counted apart; each leaves its letter in the record:

n   a new connection for each request, started by the clock (open loop): a slow or dead server
    does not make the next request wait, so the loss in a time is the loss that users would see
k   a few kept-alive connections, each with a request every 50 ms; one that the server closed
    between two requests is opened again and nothing is lost
h   HTTP/2 with prior knowledge: many requests, started by the clock, over few connections
u   users with a cookie jar each: every request is the next user's, on a new connection
s   WebSockets: each is one record, written when it ended, and opened again

A record is `<unix time of the start> <kind> <outcome> <version> <latency in ms>`, for example
`1764000000.123 n 200 v2 1.9`; `u` adds the user's number: `1764000000.123 u 200 v2 1.9 17`. Those of a tenth of a
second stand on one line, with `;` between them, since the way of a line through a node's logs costs more than the
request that it tells of. The outcome is the HTTP status, or `refused`, `reset`, `closed` (mid-answer), `unreachable`,
`timeout`. A WebSocket's latency is how long it lived, and its outcome how it ended: `open` (by the end of the load),
`goodbye` (a close frame), `closed` or `reset` (without one), `timeout` (silent for as long); or why it never opened.
Lines starting with `#` tell of the run itself; the last one is `# end`, so that a reader knows the record is whole.

A new kind is a module with a coroutine that runs for ever and adds records, and a line in `__main__.py`. The standard
library is all there is: these files go as they are into the sample shop's image.
"""
