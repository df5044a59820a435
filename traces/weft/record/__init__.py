"""What runs inside the watched app: wrappers and hooks that write small records. Standard library only.

Read downwards: `recorder` starts and stops everything; `locks`, `threads` and `flask_app` are the hooks, `traced` and
`sections` what a recorded lock is; they append to `buffers`; `drain` empties those into the trace. `launch` starts all
this in a program that knows nothing of it.
"""
